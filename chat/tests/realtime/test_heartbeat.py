"""Heartbeats tell the latest revisions (RT9)."""

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
from chat.tests.realtime.pages import Page, database, says
from chat.tests.situations import befriend, say

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
    hub.link.alone = False
    await get_channel_layer().group_discard(room_group(room.id), hub.link.channel)
    for number in range(3):
        await database(say, alice, room, f"Unheard {number}")
    await page.reaches(3)
    assert not page.messages()
    assert [sequence for sequence, _article in page.picture] == [1, 2, 3]


def counting(monkeypatch, module):
    """Count the queries that a module makes; returns the list of counts."""
    counts = []

    async def counted(work, *args):
        def run():
            with CaptureQueriesContext(connections["default"]) as queries:
                result = work(*args)
            counts.append(len(queries))
            return result

        return await database(run)

    monkeypatch.setattr(module, "in_database", counted)
    return counts


async def test_heartbeats_cost_the_same_whatever_the_number_of_sockets(
    open_page, alice, bob, mallory, room, monkeypatch
):
    other, hub = await database(befriend, alice, mallory), ensure_hub()
    counts = counting(monkeypatch, heartbeat)
    for people in ([alice], [alice, bob, mallory] * 4):
        pages = [await open_page(person) for person in people]
        for page in pages:
            await page.done("inbox.watch")
        counts.clear()
        await hub.heart.beat(hub.sockets)
        assert sum(counts) == 1
        for page in pages:
            await page.hears(beat)
    assert str(other.id) in await pages[0].hears(beat)


async def test_sockets_that_hear_the_same_share_one_frame(open_page, alice, bob, room, monkeypatch):
    pages = [await open_page(person) for person in (alice, bob, alice, bob)]
    for page in pages[1:]:
        await page.done("room.join", room=str(room.id))
    made = []
    monkeypatch.setattr(heartbeat, "encode", lambda value: made.append(value) or json.dumps(value))
    await ensure_hub().heart.beat(ensure_hub().sockets)
    assert sorted(made, key=str) == [{"heartbeat": {str(room.id): 0}}, {"heartbeat": {}}]
    for page in pages:
        await page.hears(beat)


async def test_every_socket_is_told_in_batches(often, open_page, alice, monkeypatch):
    monkeypatch.setattr(heartbeat, "BATCH", 2)
    pages = [await open_page(alice) for _ in range(5)]
    for page in pages:
        await page.hears(beat)


async def test_everybody_is_told_at_once_when_events_were_missed(settings, open_page, alice, monkeypatch):
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(heartbeat, "BATCH", 2)
    pages = [await open_page(alice) for _ in range(5)]
    ensure_hub().beat_soon()
    for page in pages:
        await page.hears(beat)


async def test_a_socket_that_cannot_be_told_stops_no_other(open_page, alice):
    pages: list[Page] = [await open_page(alice) for _ in range(3)]

    class Broken:
        gone, rooms, user_id = False, frozenset(), alice.id

        def send(self, frame):
            raise OSError

    await ensure_hub().heart.beat([Broken(), *ensure_hub().sockets])
    for page in pages:
        await page.hears(beat)


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
