"""More people than a process can take at once: some are asked to come back, nobody inside notices (EV7)."""

import asyncio
import time
import uuid
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from chat.tests.realtime.clusters import set_scene
from chat.tests.realtime.pages import Page, Wired
from chatscape.testing.server import Server

# What the server may let in: so many a second, and twice as many who come together.
RATE = 15
# What it may hold: a few files, of which some are kept.
FILES = 200


class Narrow(Server):
    """A server that may open few files."""

    def command(self):
        return ["sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh", *super().command()]


@pytest.fixture(scope="module")
def busy():
    with Server({"CONNECTS_PER_SECOND": str(RATE)}) as server:
        server.start(120)
        yield server, set_scene(server)


@pytest.fixture(scope="module")
def narrow():
    with Narrow() as server:
        server.start(120)
        yield server, set_scene(server)


@pytest.fixture
async def opened():
    pages = []
    yield pages
    await asyncio.gather(*(page.close() for page in pages))


async def knock(place, opened):
    """Try to come in; return the page, or after how many seconds to try again."""
    server, scene = place
    try:
        page = Page(await Wired.open(server.port, scene.alice, open_timeout=60))
    except InvalidStatus as refusal:
        answer = refusal.response
    else:
        opened.append(page)
        return page
    assert answer.status_code == 503
    return int(answer.headers["Retry-After"])


async def come_in(place, opened):
    """Try until it works, as often as it takes, when the server says."""
    while isinstance(answer := await knock(place, opened), int):
        await asyncio.sleep(answer)
    return answer


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def test_ten_times_as_many_as_there_is_room_for_are_let_in_one_after_the_other(busy, opened):
    server, scene = busy
    inside = await come_in(busy, opened)
    await inside.done("room.join", room=scene.room)
    crowd = [asyncio.create_task(knock(busy, opened)) for _ in range(20 * RATE)]
    while not all(task.done() for task in crowd):
        # Those inside are not disturbed.
        started = time.monotonic()
        body = {"client_id": str(uuid.uuid4()), "body": "Still here"}
        await inside.done("message.post", room=scene.room, **body)
        assert time.monotonic() - started < 5
        assert (await asyncio.to_thread(server.get, "/health/live"))[0] == 200
    refused = [answer for answer in await asyncio.gather(*crowd) if isinstance(answer, int)]
    assert len(refused) >= 10 * RATE
    # They do not all come back in the same second.
    assert len(set(refused)) > 2
    assert max(refused) <= 6
    before = len(opened)
    async with asyncio.timeout(90):
        await asyncio.gather(*(come_in(busy, opened) for _ in range(2 * RATE)))
    assert len(opened) == before + 2 * RATE
    assert "Traceback" not in server.last_words()


async def test_without_files_left_a_socket_is_refused_and_the_rest_goes_on(narrow, opened):
    server, _scene = narrow
    assert "Up to 100 connections a process" in server.last_words()
    answers = [await knock(narrow, opened) for _ in range(FILES)]
    refused = [answer for answer in answers if isinstance(answer, int)]
    assert 50 < len(opened) < FILES
    assert len(refused) + len(opened) == FILES
    assert min(refused) >= 10
    for page in opened:
        await page.done("ping")
    assert server.get("/health/ready")[0] == 200
    # When some leave, others come in.
    leaving = [opened.pop() for _ in range(10)]
    await asyncio.gather(*(page.close() for page in leaving))
    async with asyncio.timeout(20):
        while isinstance(await knock(narrow, opened), int):
            await asyncio.sleep(0.1)


async def test_with_no_file_left_at_all_the_processor_rests(narrow, opened):
    server, _scene = narrow
    (inside,) = [await come_in(narrow, opened)]
    mute = []
    try:
        # Connections on which nothing is asked, more than there are files.
        mute += [(await asyncio.open_connection("127.0.0.1", server.port))[1] for _ in range(2 * FILES)]
        began, busy_before = time.monotonic(), processor_seconds(server.pid)
        while time.monotonic() - began < 1:
            await inside.done("ping")
            await asyncio.sleep(0.1)
        assert processor_seconds(server.pid) - busy_before < 0.7
    finally:
        for writer in mute:
            writer.close()
    await inside.done("ping")
    async with asyncio.timeout(20):
        while isinstance(await knock(narrow, opened), int):
            await asyncio.sleep(0.1)
