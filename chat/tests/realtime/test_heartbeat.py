"""Heartbeats tell the latest revisions, and end sockets that may not stay (RT9)."""

import asyncio
import json

import pytest
from channels.layers import get_channel_layer
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chat.realtime import heartbeat
from chat.realtime.groups import room_group
from chat.realtime.hub import ensure_hub
from chat.tests.realtime.followers import Follower
from chat.tests.realtime.pages import Page, database, says, sign_in
from chat.tests.situations import befriend, client_of, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def often(settings):
    settings.HEARTBEAT_SECONDS = 0.05


def beat(frame):
    return frame.startswith('{"heartbeat"')


async def test_a_heartbeat_carries_the_revisions_of_joined_rooms(often, open_page, alice, bob, mallory, room):
    await database(befriend, alice, mallory)
    page = await open_page(alice)
    await page.done("room.join", room=str(room.id))
    await database(say, bob, room)
    wanted = json.dumps({"heartbeat": {str(room.id): 1}}, separators=(",", ":"))
    await page.hears(lambda frame: frame == wanted)


async def test_a_deaf_socket_heals(often, open_page, alice, bob, room):
    page = await open_page(bob, Follower)
    await page.follow(room.id)
    hub = ensure_hub()
    # The layer forgets the group, as it does after a day, and says nothing.
    await get_channel_layer().group_discard(room_group(room.id), hub.link.channel)
    for number in range(3):
        await database(say, alice, room, f"Unheard {number}")
    await page.reaches(3)
    assert not page.messages()
    assert [sequence for sequence, _article in page.picture] == [1, 2, 3]


async def test_signing_out_ends_the_socket(often, open_page, alice):
    session = await database(sign_in, alice)
    ended, other = await open_page(alice, session=session), await open_page(alice)

    def sign_out():
        client = client_of(alice)
        client.cookies["chatscape_session"] = session
        client.logout()

    await database(sign_out)
    assert await ended.hears_close() == heartbeat.SIGN_IN_AGAIN == 4001
    await other.hears(beat)
    await ended.wire.send('{"action": "ping"}')
    await other.done("ping")
    assert ended.wire.communicator.output_queue.empty()


async def test_another_password_ends_the_socket(often, open_page, alice):
    page = await open_page(alice)
    alice.set_password("another long password")
    await database(alice.save)
    assert await page.hears_close() == 4001


async def test_an_inactive_person_is_sent_away(often, open_page, alice, room):
    page = await open_page(alice)
    await page.done("inbox.watch")
    alice.is_active = False
    await database(alice.save)
    assert await page.hears_close() == 4001
    assert not ensure_hub().groups


async def test_heartbeats_cost_the_same_whatever_the_number_of_sockets(
    open_page, alice, bob, mallory, room, monkeypatch
):
    other = await database(befriend, alice, mallory)
    counts = []

    async def counted(work, *args):
        def run():
            with CaptureQueriesContext(connections["default"]) as queries:
                result = work(*args)
            counts.append(len(queries))
            return result

        return await database(run)

    monkeypatch.setattr(heartbeat, "in_database", counted)
    for people in ([alice], [alice, bob, mallory] * 4):
        pages = [await open_page(person) for person in people]
        for page in pages:
            await page.done("inbox.watch")
        counts.clear()
        await heartbeat.beat(list(ensure_hub().sockets))
        assert sum(counts) == 3
        for page in pages:
            await page.hears(beat)
    assert str(other.id) in await pages[0].hears(beat)


async def test_a_socket_that_cannot_be_told_stops_no_other(open_page, alice, monkeypatch):
    pages: list[Page] = [await open_page(alice) for _ in range(3)]

    def broken(frame):
        raise OSError

    class Broken:
        def __init__(self, socket):
            self.session_key, self.session_hash = socket.session_key, socket.session_hash
            self.user_id, self.rooms, self.send = socket.user_id, socket.rooms, broken

    first, *others = ensure_hub().sockets
    await heartbeat.beat([Broken(first), *others])
    async with asyncio.timeout(10):
        while sum(not page.wire.communicator.output_queue.empty() for page in pages) < 2:
            await asyncio.sleep(0.001)


async def test_a_heartbeat_is_left_out_while_the_database_is_gone(often, open_page, alice, room, monkeypatch):
    from django.db import OperationalError

    page, tried = await open_page(alice), asyncio.Event()
    await page.done("inbox.watch")

    def gone(rooms):
        tried.set()
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(heartbeat, "_revisions", gone)
        await tried.wait()
    page.heard.clear()
    await page.hears(says(str(room.id)))
