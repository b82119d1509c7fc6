"""Who hears what, and who does not (RT10, RT13, the outsider)."""

import json
import uuid

import pytest

from chat import events, render
from chat.actions.contacts import block_person
from chat.actions.messages import delete_message, edit_message
from chat.actions.rooms import mark_read
from chat.realtime import frames as frames_module
from chat.realtime.frames import HTML, JSON
from chat.realtime.requests import ACTIONS
from chat.tests.realtime.pages import database, notice, says
from chat.tests.situations import befriend, contact_of, say

pytestmark = pytest.mark.django_db(transaction=True)


async def all_arrived(*people_and_pages):
    """Wait until everything published so far has arrived: events keep their order in one process."""
    for person, page in people_and_pages:
        page.heard = [frame for frame in page.heard if not notice("inbox.changed")(frame)]
        await database(events.inbox_changed, person)
        await page.hears(notice("inbox.changed"))


async def test_all_pages_of_both_people_hear_a_message(open_page, alice, bob, room):
    sender, tab, other = await open_page(alice), await open_page(alice), await open_page(bob)
    for page in (sender, tab, other):
        await page.done("room.join", room=str(room.id))
    sent = await sender.done("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello")
    for page in (sender, tab, other):
        assert await page.hears(says("<article")) == sent["html"]


async def test_posts_edits_and_deletes_are_heard_in_both_protocols(open_page, alice, bob, room):
    html, data = await open_page(bob, protocol=HTML), await open_page(bob, protocol=JSON)
    for page in (html, data):
        await page.done("room.join", room=str(room.id))
    message = await database(say, alice, room, "One & <two>")
    where = {"actor": alice, "room_id": room.id, "sequence": message.sequence}
    await database(edit_message, **where, body="Three")
    await database(delete_message, **where)
    await html.hears(says('data-revision="3"'))
    await data.hears(says('"revision":3'))
    articles, facts = html.messages(), [json.loads(frame) for frame in data.messages()]
    assert [fact["event"] for fact in facts] == ["message.created", "message.edited", "message.deleted"]
    assert [fact["revision"] for fact in facts] == [1, 2, 3]
    assert [fact["message"]["html"] for fact in facts] == articles
    assert [fact["message"]["body"] for fact in facts] == ["One & <two>", "Three", ""]
    assert "One &amp; &lt;two&gt;" in articles[0]
    assert facts[0]["room"] == str(room.id)
    assert facts[0]["message"]["author"] == {"id": str(alice.id), "name": "Alice"}


async def test_no_protocol_means_html(open_page, alice, room):
    page = await open_page(alice, protocol=None)
    await page.done("room.join", room=str(room.id))
    await database(say, alice, room)
    await page.hears(says("<article"))


async def test_an_outsider_hears_nothing_whatever_is_asked(open_page, alice, bob, mallory, room):
    own = await database(befriend, mallory, bob)
    outside = await open_page(mallory)
    message = await database(say, alice, room, "Between us")
    unknown = str(uuid.uuid4())
    for action in ACTIONS:
        asked = {"client_id": str(uuid.uuid4()), "body": "Hi", "sequence": message.sequence, "since": 0}
        foreign = await outside.ask(action, room=str(room.id), **asked)
        nowhere = await outside.ask(action, room=unknown, **asked)
        assert "Between us" not in json.dumps(foreign)
        for reply in (foreign, nowhere):
            reply.pop("ref"), reply.pop("room", None)
        assert foreign == nowhere, action
        if action not in ("ping", "typing", "inbox.watch", "room.leave"):
            assert foreign["code"] == "not_found"
    watching = await outside.done("inbox.watch")
    assert list(watching["rooms"]) == [str(own.id)]
    await database(say, alice, room, "Still between us")
    await database(edit_message, actor=alice, room_id=room.id, sequence=1, body="Again between us")
    await database(mark_read, reader=bob, room_id=room.id, sequence=1)
    await all_arrived((mallory, outside))
    assert not [frame for frame in outside.heard if "between us" in frame or str(room.id) in frame]


async def test_membership_is_checked_at_every_join(open_page, bob, room):
    page = await open_page(bob)
    await page.done("room.join", room=str(room.id))
    await page.done("room.leave", room=str(room.id))
    await database(room.memberships.filter(user=bob).delete)
    assert (await page.ask("room.join", room=str(room.id)))["code"] == "not_found"


async def test_a_room_that_was_left_is_not_heard(open_page, alice, bob, room):
    page = await open_page(bob)
    await page.done("room.join", room=str(room.id))
    await page.done("room.leave", room=str(room.id))
    await database(say, alice, room)
    await all_arrived((bob, page))
    assert not page.messages()


async def test_a_withheld_message_reaches_its_author_only(open_page, alice, bob, room):
    await database(block_person, blocker=alice, contact_id=(await database(contact_of, alice, bob)).id)
    author, tab, elsewhere, blocker = [await open_page(person) for person in (bob, bob, bob, alice)]
    for page in (author, tab, blocker):
        await page.done("room.join", room=str(room.id))
    await blocker.done("inbox.watch")
    await author.done("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello?")
    await database(edit_message, actor=bob, room_id=room.id, sequence=1, body="Hello??")
    for page in (author, tab):
        await page.hears(says("Hello??"))
    await all_arrived((alice, blocker), (bob, elsewhere))
    assert not blocker.messages()
    assert not elsewhere.messages()
    for action in ("history.get", "room.join"):
        reply = await blocker.done(action, room=str(room.id), since=0)
        assert (reply["html"], reply["revision"], reply["more"]) == ("", 2, False)
    assert (await blocker.ask("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="x"))[
        "code"
    ] == "closed"


async def test_watching_the_inbox_hears_all_rooms(open_page, alice, bob, mallory, room):
    other = await database(befriend, alice, mallory)
    page = await open_page(alice)
    await database(say, bob, room)
    assert (await page.done("inbox.watch"))["rooms"] == {str(room.id): 1, str(other.id): 0}
    await database(say, bob, room, "From Bob")
    await database(say, mallory, other, "From Mallory")
    await page.hears(says("From Bob"))
    await page.hears(says("From Mallory"))
    await page.done("room.leave", room=str(room.id))
    await database(say, bob, room, "Still heard")
    await page.hears(says("Still heard"))


async def test_a_new_room_is_heard_without_reconnecting(open_page, alice, mallory):
    page, idle = await open_page(alice), await open_page(alice)
    await page.done("inbox.watch")
    new = await database(befriend, mallory, alice)
    assert json.loads(await page.hears(notice("member.joined"))) == {
        "notice": "member.joined",
        "room": str(new.id),
    }
    await database(say, mallory, new, "Hello, new friend")
    await page.hears(says("Hello, new friend"))
    await all_arrived((alice, idle))
    assert not idle.messages()


async def test_reading_is_told_to_ones_own_pages(open_page, alice, bob, room):
    reader, tab, data, other = [
        await open_page(person, protocol=protocol)
        for person, protocol in ((alice, HTML), (alice, HTML), (alice, JSON), (bob, HTML))
    ]
    await database(say, bob, room)
    await other.done("room.join", room=str(room.id))
    await reader.done("read", room=str(room.id), sequence=1)
    told = {"room": str(room.id), "sequence": 1}
    assert json.loads(await tab.hears(notice("read"))) == {"notice": "read", **told}
    assert json.loads(await data.hears(says('"read"'))) == {"event": "read", **told}
    await all_arrived((bob, other))
    assert not [frame for frame in other.heard if "read" in json.loads(frame).values()]
    assert (await reader.ask("read", room=str(room.id)))["field"] == "sequence"


async def test_a_message_is_rendered_once_and_encoded_once(open_page, alice, bob, room, monkeypatch):
    rendered, encoded = [], []
    make, event_text = render._render, frames_module.event_text
    monkeypatch.setattr(render, "_render", lambda row: rendered.append(row) or make(row))
    monkeypatch.setattr(
        frames_module, "event_text", lambda event, to: encoded.append(to) or event_text(event, to)
    )
    pages = [await open_page(bob, protocol=protocol) for protocol in (HTML, JSON) * 5]
    sender = await open_page(alice)
    for page in (*pages, sender):
        await page.done("room.join", room=str(room.id))
    await sender.done("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello")
    for page in (*pages, sender):
        await page.hears(says("Hello"))
    assert len(rendered) == 1
    assert sorted(encoded) == [HTML, JSON]
