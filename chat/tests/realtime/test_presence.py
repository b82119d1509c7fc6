"""Who is here: told to friends, by every process, never by the database (RT11, RT12, CO6)."""

import json
import uuid

import pytest
from channels.layers import get_channel_layer
from django.db.backends.utils import CursorWrapper

from accounts.actions import save_profile
from chat import events
from chat.actions.contacts import block_person, unblock_person
from chat.models import Membership, Room
from chat.realtime import presence
from chat.realtime.hub import ensure_hub
from chat.realtime.link import HUBS
from chat.tests.realtime.pages import database, notice
from chat.tests.situations import befriend, contact_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(presence, "TICK", 0.01)
    monkeypatch.setattr(presence, "LINGER", 0)


def change(person, online):
    """A frame that says that somebody is here or is not, whatever else it says."""

    def wanted(frame):
        told = json.loads(frame) if frame.startswith("{") else {}
        return any(
            one.get("notice") == "presence.changed"
            and one["user"] == str(person.id)
            and one["online"] is online
            for one in told.get("notices", [told])
        )

    return wanted


async def watching(open_page, person):
    page = await open_page(person)
    return page, await page.done("inbox.watch")


async def nothing_heard(person, page):
    """Everything that was told before has arrived; none of it was of somebody's presence."""
    for _ in range(2):
        page.heard = [frame for frame in page.heard if not notice("inbox.changed")(frame)]
        await database(events.inbox_changed, person)
        await page.hears(notice("inbox.changed"))
    assert not any("presence" in frame for frame in page.heard)


async def test_friends_see_each_other_come_and_go(open_page, alice, bob, room):
    page, reply = await watching(open_page, alice)
    assert (reply["people"], reply["online"]) == ({str(bob.id): str(room.id)}, [])
    other, reply = await watching(open_page, bob)
    assert reply["people"] == {str(alice.id): str(room.id)}
    if not reply["online"]:
        await other.hears(change(alice, True))
    assert (await other.done("inbox.watch"))["online"] == [str(alice.id)]
    await page.hears(change(bob, True))
    await other.close()
    await page.hears(change(bob, False))


async def test_somebody_is_here_until_their_last_page_has_gone(open_page, alice, bob, room):
    page, _reply = await watching(open_page, alice)
    one, _reply = await watching(open_page, bob)
    two, _reply = await watching(open_page, bob)
    await page.hears(change(bob, True))
    page.heard.clear()
    await one.close()
    await nothing_heard(alice, page)
    await two.close()
    await page.hears(change(bob, False))


async def test_a_reload_is_no_news(open_page, alice, bob, room, monkeypatch):
    assert presence.LINGER == 0
    monkeypatch.setattr(presence, "LINGER", 60)
    page, _reply = await watching(open_page, alice)
    other, _reply = await watching(open_page, bob)
    await page.hears(change(bob, True))
    page.heard.clear()
    await other.close()
    await watching(open_page, bob)
    await nothing_heard(alice, page)
    assert not ensure_hub().presence._leaving


async def test_strangers_and_members_of_the_same_room_learn_nothing(open_page, alice, bob, mallory, room):
    several = await database(Room.objects.create, kind=Room.Kind.GROUP)
    for person in (alice, mallory):
        await database(Membership.objects.create, room=several, user=person)
    page, reply = await watching(open_page, mallory)
    assert (reply["people"], reply["online"]) == ({}, [])
    await watching(open_page, alice)
    await watching(open_page, bob)
    await nothing_heard(mallory, page)


async def test_the_crowd_of_an_event_costs_nothing(open_page, alice, bob, mallory):
    event = await database(Room.objects.create, kind=Room.Kind.EVENT)
    for person in (alice, bob, mallory):
        await database(Membership.objects.create, room=event, user=person)
        await watching(open_page, person)
    here = ensure_hub().presence
    assert not any((here._here, here._watchers, here._watched, here._changed, here._shown))


@pytest.mark.parametrize("how", ["hides", "blocks"])
@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_who_hides_or_blocks_is_not_seen_and_sees_nobody(how, who, open_page, alice, bob, room):
    one, other = (alice, bob) if who == "alice" else (bob, alice)
    page, _reply = await watching(open_page, alice)
    peer, _reply = await watching(open_page, bob)
    await page.hears(change(bob, True))

    def show(shown):
        one.shows_presence = shown
        save_profile(one, shown=True)

    contact = await database(contact_of, one, other)
    if how == "hides":
        await database(show, False)
    else:
        await database(block_person, blocker=one, contact_id=contact.id)
    for each in (page, peer):
        await each.hears(notice("sharing.changed"))
        each.heard.clear()
    # Also whoever does not ask anew is told nothing from now on.
    assert not ensure_hub().presence._watchers
    for each in (page, peer):
        reply = await each.done("inbox.watch")
        assert (reply["people"], reply["online"]) == ({}, [])
    await nothing_heard(alice, page)
    await nothing_heard(bob, peer)
    if how == "hides":
        await database(show, True)
    else:
        await database(unblock_person, blocker=one, person=other)
    for each in (page, peer):
        each.heard.clear()
        await each.hears(notice("sharing.changed"))
        reply = await each.done("inbox.watch")
        if each is page and str(bob.id) in reply["online"]:
            # Between two ticks: nobody was told that he was away.
            return
    await page.hears(change(bob, True))


async def test_a_block_while_somebody_asks_is_not_missed(open_page, alice, bob, room, monkeypatch):
    from chat.realtime import requests

    contact, real, asked = await database(contact_of, bob, alice), requests.peers_of, []

    def slow(user_id):
        peers = real(user_id)
        if not asked:
            block_person(blocker=bob, contact_id=contact.id)
        asked.append(peers)
        return peers

    page = await open_page(alice)

    async def in_database(work, *args):
        result = await database(work, *args)
        if work is slow:
            await page_heard(alice)
        return result

    async def page_heard(person):
        # The event of the block has arrived before the answer is used.
        import asyncio

        before = ensure_hub().presence.version
        async with asyncio.timeout(10):
            while len(asked) == 1 and ensure_hub().presence.version == before == 0:
                await asyncio.sleep(0.001)

    monkeypatch.setattr(requests, "peers_of", slow)
    monkeypatch.setattr(requests, "in_database", in_database)
    reply = await page.done("inbox.watch")
    assert asked == [{bob.id: room.id}, {}]
    assert (reply["people"], reply["online"]) == ({}, [])
    assert not ensure_hub().presence._watchers


async def another_process(process, **what):
    await get_channel_layer().group_send(HUBS, {"type": "presence", "process": process, **what})


async def test_people_of_other_processes_are_seen(open_page, alice, bob, mallory, room, monkeypatch):
    await database(befriend, alice, mallory)
    page, _reply = await watching(open_page, alice)
    await another_process("one", all=bob.id.bytes)
    await page.hears(change(bob, True))
    assert (await page.done("inbox.watch"))["online"] == [str(bob.id)]
    await another_process("two", came=mallory.id.bytes + bob.id.bytes, went=b"")
    await page.hears(change(mallory, True))
    page.heard.clear()
    # Bob is still at the second process.
    await another_process("one", came=b"", went=bob.id.bytes)
    await nothing_heard(alice, page)
    await another_process("two", all=mallory.id.bytes)
    await page.hears(change(bob, False))
    monkeypatch.setattr(presence, "FORGET", 0)
    await page.hears(change(mallory, False))


async def test_a_new_process_is_told_at_once(open_page, alice, bob, room):
    from chat.tests.realtime.test_hub import until

    await watching(open_page, alice)
    hub, told = ensure_hub(), []
    hub.presence.hear({"process": "new", "all": b"", "new": True})
    real = hub.link.send_soon
    hub.link.send_soon = lambda group, event: told.append(event) or real(group, event)
    await until(lambda: any(event.get("all") == alice.id.bytes for event in told))


async def test_presence_writes_nothing_and_asks_only_who_begins_to_watch(
    open_page, alice, bob, room, monkeypatch
):
    page, _reply = await watching(open_page, alice)
    other = await open_page(bob)
    asked, execute = [], CursorWrapper.execute
    monkeypatch.setattr(
        CursorWrapper,
        "execute",
        lambda self, sql, params=None: asked.append(sql) or execute(self, sql, params),
    )
    await other.done("inbox.watch")
    await page.hears(change(bob, True))
    await other.close()
    await page.hears(change(bob, False))
    assert asked
    assert not [sql for sql in asked if sql.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert len(asked) <= 5


async def test_changes_of_one_moment_are_one_message(open_page, alice, bob, room, monkeypatch):
    monkeypatch.setattr(presence, "TICK", 0.2)
    told, hub = [], ensure_hub()
    friends = [alice, bob]
    real = hub.link.send_soon

    def send(group, event):
        if event.get("type") == "presence" and ("came" in event or event.get("all")):
            told.append(event)
        real(group, event)

    hub.link.send_soon = send
    for person in friends:
        await watching(open_page, person)
    from chat.tests.realtime.test_hub import until

    await until(lambda: told)
    assert len(told) <= 2
    assert str(uuid.UUID(bytes=(told[0].get("came") or told[0]["all"])[:16])) in {
        str(one.id) for one in friends
    }
