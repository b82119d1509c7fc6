"""Clients that stop reading are closed with a code, and nobody else notices (RT8)."""

import asyncio
import re
import shutil
import time
import uuid
from pathlib import Path

import pytest

from chat.realtime.traffic import STALL_PATIENCE, TOO_SLOW
from chat.tests.realtime.clusters import set_scene
from chat.tests.realtime.pages import ARTICLE, Page, Wired
from chat.tests.realtime.raw import Raw, text
from chatscape.testing.server import Server

# A little more than a client's kernel, the server's and the backlog take.
MESSAGES = 110
READERS = 19


@pytest.fixture(scope="module")
def stage():
    with Server() as server:
        server.prepare()
        yield server.var, set_scene(server)


@pytest.fixture(scope="module", params=["1", "0"], ids=["parked", "unparked"])
def server(request, stage):
    with Server({"PARKED_SOCKETS": request.param, "HEARTBEAT_SECONDS": "60"}) as server:
        server.prepare()
        shutil.copytree(stage[0], server.var, dirs_exist_ok=True)
        yield server.start()


def memory(server):
    """KiB of the server that are in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())[1])


@pytest.fixture
def joined(server):
    """Clients whose kernel takes little, and that have joined a room."""
    opened = []

    def joined(session, room):
        raw = Raw.open(server.port, session, buffer=4096)
        opened.append(raw)
        return join(raw, room)

    yield joined
    for raw in opened:
        raw.close()


@pytest.fixture
async def connect(server):
    pages = []

    async def connect(session):
        pages.append(Page(await Wired.open(server.port, session)))
        return pages[-1]

    yield connect
    for page in pages:
        await page.close()


def join(raw, room):
    raw.send(text(f'{{"action": "room.join", "ref": 1, "room": "{room}"}}'))
    assert raw.outcome() == "1 ok"
    return raw


async def test_a_client_that_stops_reading_is_closed_and_others_hear_everything(
    server, stage, connect, joined
):
    scene = stage[1]
    slow = await asyncio.to_thread(joined, scene.bob, scene.room)
    deaf = await asyncio.to_thread(joined, scene.bob, scene.room)
    pages = [await connect(scene.bob) for _ in range(READERS)]
    revision = (await pages[0].done("room.join", room=scene.room))["revision"]
    for page in pages[1:]:
        await page.done("room.join", room=scene.room)
    author = await connect(scene.alice)
    before, began = memory(server), time.monotonic()
    for number in range(MESSAGES):
        body = f"{number} ".ljust(4_000, "x")
        await author.done("message.post", room=scene.room, client_id=str(uuid.uuid4()), body=body)
    # It reads on: what it could not take is left out, and it knows why.
    assert (await asyncio.to_thread(slow.ends))[-1] == f"close {TOO_SLOW}"
    expected = list(range(revision + 1, revision + MESSAGES + 1))
    for page in pages:
        await page.hears(lambda frame: f'data-sequence="{expected[-1]}"' in frame)
        heard = [int(found[2]) for frame in page.heard for found in ARTICLE.finditer(frame)]
        assert heard == expected
    # This one never does: the server keeps nothing for it.
    await until_gone(server, deaf)
    assert time.monotonic() - began < 30 + STALL_PATIENCE
    assert memory(server) - before < 40_000


async def until_gone(server, raw):
    """Wait until the server has closed its end of a connection."""
    async with asyncio.timeout(30):
        while is_open(server, f":{raw.connection.getsockname()[1]:04X}"):
            await asyncio.sleep(0.05)


def is_open(server, port):
    rows = [line.split() for line in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()]
    return [
        row
        for row in rows
        if row[1].endswith(f":{server.port:04X}") and row[2].endswith(port) and row[3] == "01"
    ]


async def test_replies_to_a_client_that_reads_slowly_all_arrive(server, stage, connect, joined):
    """Pages of history are more than the limit: they wait for the client, who takes its time."""
    scene = stage[1]
    author = await connect(scene.alice)
    for number in range(60):
        body = f"{number} ".ljust(4_000, "y")
        await author.done("message.post", room=scene.room, client_id=str(uuid.uuid4()), body=body)
    raw = await asyncio.to_thread(joined, scene.bob, scene.room)
    asked = f'{{"action": "history.get", "ref": %d, "limit": 60, "room": "{scene.room}"}}'
    raw.send(*(text(asked % number) for number in range(10)))
    # Meanwhile it is told something else, which must not cost it the connection.
    await author.done("message.post", room=scene.room, client_id=str(uuid.uuid4()), body="z")
    await asyncio.sleep(0.3)
    assert await asyncio.to_thread(raw.outcomes, 10) == [f"{number} ok" for number in range(10)]
