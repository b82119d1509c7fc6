"""Sockets that break, vanish or come late leave the others and the hub in order (RT8)."""

import asyncio
import uuid

import pytest
from channels.testing import WebsocketCommunicator

from chat.realtime import door, posting, requests
from chat.realtime.consumer import ChatConsumer
from chat.realtime.groups import room_group
from chat.realtime.hub import ensure_hub
from chat.tests.realtime.pages import HOST, ORIGIN, database, says, sign_in
from chat.tests.situations import say

pytestmark = pytest.mark.django_db(transaction=True)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def vanishing(session):
    """A socket whose client can leave at any moment."""
    from chatscape.asgi import application

    headers = [
        (b"host", HOST.encode()),
        (b"origin", ORIGIN.encode()),
        (b"cookie", f"chatscape_session={session}".encode()),
    ]
    return WebsocketCommunicator(application, "/ws/", headers)


def nothing_is_left():
    hub = ensure_hub()
    return not hub.groups and not hub.sockets


async def test_one_broken_socket_stops_no_other(open_page, alice, bob, room, caplog):
    pages = [await open_page(bob) for _ in range(5)]
    for page in pages:
        await page.done("room.join", room=str(room.id))
    broken = list(ensure_hub().groups[room_group(room.id)])[:2]
    for socket in broken:

        async def fails(message):
            raise OSError("secret words")

        socket._send = fails
    await database(say, alice, room, "Everybody else hears this")
    await until(lambda: sum(not page.wire.communicator.output_queue.empty() for page in pages) == 3)
    assert "secret words" not in caplog.text


@pytest.mark.parametrize("moment", ["before anything", "in the handshake"])
async def test_a_client_that_vanishes_in_the_handshake_leaves_nothing(open_page, alice, moment, monkeypatch):
    session = await database(sign_in, alice)
    client, asked, go_on = vanishing(session), asyncio.Event(), asyncio.Event()
    real = door.in_database

    async def slow(work, *args):
        asked.set()
        await go_on.wait()
        return await real(work, *args)

    monkeypatch.setattr(door, "in_database", slow)
    await client.send_input({"type": "websocket.connect"})
    if moment == "in the handshake":
        await asked.wait()
    await client.send_input({"type": "websocket.disconnect", "code": 1006})
    go_on.set()
    await client.wait(10)
    assert nothing_is_left()


async def test_a_handshake_that_is_killed_leaves_nothing(open_page, alice, monkeypatch):
    client, asked = vanishing(await database(sign_in, alice)), asyncio.Event()

    async def endless(work, *args):
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(door, "in_database", endless)
    await client.send_input({"type": "websocket.connect"})
    await asked.wait()
    client.stop()
    await until(client.future.done)
    assert nothing_is_left()


@pytest.mark.parametrize("end", ["disconnect", "kill", "session"])
async def test_a_client_that_vanishes_while_it_joins_leaves_nothing(open_page, alice, room, monkeypatch, end):
    client, asked, go_on = vanishing(await database(sign_in, alice)), asyncio.Event(), asyncio.Event()
    assert (await client.connect())[0]
    await until(lambda: ensure_hub().groups)
    real = requests.in_database

    async def slow(work, *args, **kwargs):
        head = await real(work, *args, **kwargs)
        asked.set()
        await go_on.wait()
        return head

    monkeypatch.setattr(requests, "in_database", slow)
    await client.send_json_to({"action": "room.join", "room": str(room.id), "since": 0})
    await asked.wait()
    if end == "session":
        [socket] = ensure_hub().sockets
        socket.end(4001)
        assert nothing_is_left()
    elif end == "kill":
        client.stop()
        await until(client.future.done)
    go_on.set()
    if end == "session":
        # The join goes on, and subscribes nobody.
        await until(lambda: client.output_queue.qsize() == 1)
        assert nothing_is_left()
    if end != "kill":
        await client.send_input({"type": "websocket.disconnect", "code": 1006})
        await client.wait(10)
    assert nothing_is_left()


async def test_an_invitation_that_reaches_a_socket_that_left_subscribes_nobody(open_page, alice):
    page = await open_page(alice)
    await page.done("inbox.watch")
    [socket] = ensure_hub().sockets
    await page.close()
    socket.hear(uuid.uuid4())
    assert nothing_is_left()


async def test_a_refused_join_leaves_nothing(open_page, mallory, room):
    page = await open_page(mallory)
    before = dict(ensure_hub().groups)
    assert (await page.ask("room.join", room=str(room.id)))["code"] == "not_found"
    assert ensure_hub().groups == before


async def test_a_cancelled_request_still_commits(open_page, alice, bob, room, monkeypatch):
    """A client may vanish when its message is on the way to the database: it is there, and heard."""
    import threading

    page, other, started, go_on = (
        await open_page(alice),
        await open_page(bob),
        asyncio.Event(),
        threading.Event(),
    )
    await other.done("room.join", room=str(room.id))
    loop, real = asyncio.get_running_loop(), posting.post_messages

    def slow(postings):
        loop.call_soon_threadsafe(started.set)
        go_on.wait(10)
        return real(postings)

    monkeypatch.setattr(posting, "post_messages", slow)
    asking = asyncio.create_task(
        page.ask("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="On its way")
    )
    await started.wait()
    page.wire.communicator.stop()
    asking.cancel()
    go_on.set()
    await other.hears(says("On its way"))


async def test_frames_of_one_client_are_answered_in_order(open_page, alice, room):
    page = await open_page(alice)
    for number in range(50):
        client_id = uuid.UUID(int=number)
        await page.wire.send(
            f'{{"action":"message.post","ref":{number},"room":"{room.id}","client_id":"{client_id}","body":"x"}}'
        )
    for number in range(50):
        assert (await page.next_reply()).startswith(f'{{"ref":{number},"status":"ok"')


async def test_thousands_of_groups_are_entered_together(open_page, alice):
    hub = ensure_hub()
    await until(lambda: hub.link.healthy)

    class Quiet:
        def send(self, frame): ...

    quiet, groups = Quiet(), [f"room.{number}" for number in range(2_000)]
    hub.subscribe(groups, quiet)
    hub.subscribe(groups, quiet)
    await until(lambda: hub.link._entered.issuperset(groups))
    for group in groups:
        hub.unsubscribe(group, quiet)
    await until(lambda: not hub.link._entered.intersection(groups))


def test_consumers_have_no_channel_of_their_own():
    assert not hasattr(ChatConsumer(), "channel_name")
