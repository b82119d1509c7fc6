"""Who types is told to their room, to nobody who is blocked, and never to the database (RT11, CO6)."""

import json
import uuid

import pytest
from django.db.backends.utils import CursorWrapper

from chat import events
from chat.actions.contacts import block_person, unblock_person
from chat.actions.rooms import leave_room
from chat.models import Membership, Room
from chat.realtime import publisher, typists
from chat.tests.realtime.pages import database, notice
from chat.tests.situations import contact_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch):
    """What is published of who types, at once."""
    told, publish = [], publisher.publish

    def kept(group, event):
        if event["name"] == "typing":
            told.append((group, event))
        publish(group, event)

    monkeypatch.setattr(publisher, "publish", kept)
    return told


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(typists, "PAUSE", 0)


async def test_the_room_is_told_who_types(open_page, alice, bob, mallory, room):
    writer, reader, outsider = await open_page(alice), await open_page(bob), await open_page(mallory)
    for page in (writer, reader):
        await page.done("room.join", room=str(room.id))
    assert await writer.done("typing", room=str(room.id)) == {"ref": 2, "status": "ok", "room": str(room.id)}
    heard = json.loads(await reader.hears(notice("typing")))
    assert heard == {"notice": "typing", "room": str(room.id), "user": str(alice.id), "user_name": "Alice"}
    await database(events.inbox_changed, mallory)
    await outsider.hears(notice("inbox.changed"))
    assert not any("typing" in frame for frame in outsider.heard)


async def test_only_members_may_say_it(told, always, open_page, mallory, room):
    page = await open_page(mallory)
    for room_id in (room.id, uuid.uuid4()):
        assert (await page.ask("typing", room=str(room_id)))["code"] == "not_found"
    assert told == []


async def test_a_person_is_told_of_once_in_two_seconds(told, open_page, alice, bob, room):
    assert typists.PAUSE == 2
    pages = [await open_page(alice), await open_page(alice), await open_page(bob)]
    for _ in range(10):
        for page in pages:
            await page.done("typing", room=str(room.id))
    assert sorted(event["user_name"] for _group, event in told) == ["Alice", "Bob"]
    assert {group for group, _event in told} == {f"room.{room.id}"}


async def test_frames_cost_no_query(told, always, open_page, alice, room, monkeypatch):
    page = await open_page(alice)
    await page.done("typing", room=str(room.id))
    asked, execute = [], CursorWrapper.execute
    monkeypatch.setattr(
        CursorWrapper,
        "execute",
        lambda self, sql, params=None: asked.append(sql) or execute(self, sql, params),
    )
    for _ in range(50):
        await page.done("typing", room=str(room.id))
    assert len(told) == 51
    assert [sql for sql in asked if "chat_" in sql] == []


@pytest.mark.parametrize("blocker", ["alice", "bob"])
async def test_a_block_silences_both_at_once(blocker, told, always, open_page, alice, bob, room):
    pages = [await open_page(alice), await open_page(bob)]
    for page in pages:
        await page.done("typing", room=str(room.id))
    one, other = (alice, bob) if blocker == "alice" else (bob, alice)
    contact = await database(contact_of, one, other)
    await database(block_person, blocker=one, contact_id=contact.id)
    for page in pages:
        await page.hears(notice("sharing.changed"))
    told.clear()
    for page in pages:
        # Nobody is told that it has no effect.
        await page.done("typing", room=str(room.id))
    assert told == []
    await database(unblock_person, blocker=one, person=other)
    for page in pages:
        page.heard.clear()
        await page.hears(notice("sharing.changed"))
        await page.done("typing", room=str(room.id))
    assert len(told) == 2


async def test_who_has_left_is_not_told_of(told, always, open_page, alice, bob):
    def several():
        room = Room.objects.create(kind=Room.Kind.GROUP)
        Membership.objects.bulk_create(Membership(room=room, user=user) for user in (alice, bob))
        return room

    room = await database(several)
    page = await open_page(bob)
    await page.done("typing", room=str(room.id))
    await database(leave_room, member=bob, room_id=room.id)
    await page.hears(notice("member.left"))
    assert (await page.ask("typing", room=str(room.id)))["code"] == "not_found"
    assert len(told) == 1


async def test_an_event_is_not_told(told, open_page, alice):
    room = await database(Room.objects.create, kind=Room.Kind.EVENT)
    await database(Membership.objects.create, room=room, user=alice)
    await (await open_page(alice)).done("typing", room=str(room.id))
    assert told == []
