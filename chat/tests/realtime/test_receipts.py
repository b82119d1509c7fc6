"""How far the other has read, when both show it to each other (RT11, CO6)."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actions import save_profile
from chat import events
from chat.actions.contacts import block_person
from chat.actions.rooms import mark_all_read, mark_read
from chat.models import Membership, Room
from chat.tests.realtime.pages import database, notice
from chat.tests.situations import befriend, contact_of, say

pytestmark = pytest.mark.django_db(transaction=True)


def hide(person):
    person.shows_receipts = False
    save_profile(person, shown=True)


async def test_the_author_is_told_what_was_seen(open_page, alice, bob, mallory, room):
    author, reader, outsider = await open_page(alice), await open_page(bob), await open_page(mallory)
    await database(say, alice, room)
    assert (await author.done("room.join", room=str(room.id), since=0))["seen"] == 0
    await reader.done("read", room=str(room.id), sequence=1)
    told = {"room": str(room.id), "user": str(bob.id), "sequence": 1}
    assert json.loads(await author.hears(notice("receipt.changed"))) == {"notice": "receipt.changed", **told}
    for asked in ({}, {"since": 0}):
        assert (await author.done("room.join", room=str(room.id), **asked))["seen"] == 1
    assert (await reader.done("room.join", room=str(room.id)))["seen"] == 0
    await database(events.inbox_changed, mallory)
    await outsider.hears(notice("inbox.changed"))
    for page in (outsider, reader):
        assert not any("receipt" in frame for frame in page.heard)


@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("how", ["hides it", "blocks"])
async def test_nobody_is_told_unless_both_want_it(how, who, open_page, alice, bob, room):
    pages = [await open_page(alice), await open_page(bob)]
    for author in (alice, bob):
        await database(say, author, room)
    await database(mark_read, reader=bob, room_id=room.id, sequence=1)
    one, other = (alice, bob) if who == "alice" else (bob, alice)
    if how == "hides it":
        await database(hide, one)
    else:
        contact = await database(contact_of, one, other)
        await database(block_person, blocker=one, contact_id=contact.id)
    for page in pages:
        await page.hears(notice("sharing.changed"))
        page.heard.clear()
        assert (await page.done("room.join", room=str(room.id)))["seen"] is None
    for person in (alice, bob):
        await database(mark_read, reader=person, room_id=room.id, sequence=2)
    for person, page in zip((alice, bob), pages, strict=True):
        await database(events.inbox_changed, person)
        await page.hears(notice("inbox.changed"))
        assert not any("receipt" in frame for frame in page.heard)


async def test_watching_tells_what_is_unread(open_page, alice, bob, mallory, room):
    other = await database(befriend, mallory, bob)
    page = await open_page(bob)
    for author, where in ((alice, room), (mallory, other)):
        await database(say, author, where)
    await database(mark_read, reader=bob, room_id=other.id, sequence=1)
    assert (await page.done("inbox.watch"))["unread"] == [str(room.id)]


async def test_rooms_of_several_have_none(open_page, alice, bob):
    room = await database(Room.objects.create, kind=Room.Kind.GROUP)
    for person in (alice, bob):
        await database(Membership.objects.create, room=room, user=person)
    assert (await (await open_page(alice)).done("room.join", room=str(room.id)))["seen"] is None


def test_receipts_cost_one_query_however_much_was_read(alice, bob, mallory, room, monkeypatch):
    rooms = [room, befriend(alice, mallory), befriend(bob, mallory)]
    for one in rooms:
        say(mallory if one != room else alice, one)
    monkeypatch.setattr(events, "_publish", lambda group, event: None)
    counts = []
    for some in (rooms[:1], rooms):
        Membership.objects.update(read_sequence=0)
        marks = {(one.id, user): 1 for one in some for user in one.memberships.values_list("user", flat=True)}
        with CaptureQueriesContext(connection) as queries:
            mark_all_read(marks)
        counts.append([query["sql"].split()[0] for query in queries])
    assert counts[0] == counts[1]
