"""What a client may ask for over its socket (RT1, ME2, ME5, ID5)."""

import json
import uuid

import pytest

from chat.models import MessageEdit
from chat.realtime.frames import JSON
from chat.tests.realtime.pages import database
from chat.tests.situations import fill, say

pytestmark = pytest.mark.django_db(transaction=True)


async def raw(page, text):
    """Send a frame as it is and return the next frame that is a reply."""
    await page.wire.send(text)
    return json.loads(await page.hears(lambda frame: '"status":' in frame and not page.heard.clear()))


async def test_an_unknown_action_is_told_apart(open_page, alice):
    page = await open_page(alice)
    for action in ("shout", "", "__class__", "message_post", "ROOM.JOIN"):
        assert (await page.ask(action))["code"] == "unknown_action"
    for action in (None, 7, ["ping"], {"ping": 1}, True):
        reply = await raw(page, json.dumps({"action": action, "ref": 1}))
        assert (reply["status"], reply["code"]) == ("error", "unknown_action")
    assert (await page.ask("ping"))["action"] == "pong"


@pytest.mark.parametrize("ref", [0, 7, -1, 2**63 - 1, "abc", "ü-1", ""])
async def test_a_reply_repeats_the_reference(open_page, alice, ref):
    page = await open_page(alice)
    assert (await raw(page, json.dumps({"action": "ping", "ref": ref})))["ref"] == ref
    assert (await raw(page, json.dumps({"action": "nonsense", "ref": ref})))["ref"] == ref


@pytest.mark.parametrize(
    "ref",
    [
        "null",
        "true",
        "1.5",
        "[1]",
        "{}",
        "1e999",
        "9" * 40,
        json.dumps("x" * 101),
        '"a\\nb"',
        '"\\ud800"',
        '"<script>\\u0000"',
    ],
)
async def test_a_hostile_reference_is_not_repeated(open_page, alice, ref):
    page = await open_page(alice)
    assert (await raw(page, f'{{"action": "ping", "ref": {ref}}}'))["ref"] is None


async def test_a_frame_without_reference_is_answered(open_page, alice):
    page = await open_page(alice)
    assert await raw(page, '{"action": "ping"}') == {"ref": None, "status": "ok", "action": "pong"}


async def test_a_message_is_posted_once(open_page, alice, room):
    page = await open_page(alice)
    what = {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": " Hello\r\nthere "}
    first = await page.done("message.post", **what)
    again = await page.done("message.post", **what)
    assert {**again, "ref": 0} == {**first, "ref": 0}
    assert first["client_id"] == what["client_id"]
    assert (first["room"], first["sequence"], first["revision"]) == (str(room.id), 1, 1)
    assert first["html"].startswith("<article")
    message = await database(room.messages.get)
    assert message.body == "Hello\nthere"


async def test_old_names_of_actions_work(open_page, alice, room):
    page = await open_page(alice)
    sent = await page.done("sendMessage", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello")
    history = await page.done("getHistory", room=str(room.id))
    assert history["html"] == sent["html"]


async def test_own_messages_are_edited_and_deleted(open_page, alice, room):
    page, where = await open_page(alice), {"room": str(room.id), "sequence": 1}
    await database(say, alice, room, "Helo")
    edited = await page.done("message.edit", **where, body="Hello")
    assert (edited["sequence"], edited["revision"]) == (1, 2)
    assert "data-edited" in edited["html"]
    assert await database(MessageEdit.objects.count) == 1
    deleted = await page.done("message.delete", **where)
    assert (deleted["revision"], "data-deleted" in deleted["html"]) == (3, True)
    assert "Hello" not in deleted["html"]
    assert (await page.done("message.delete", **where))["revision"] == 3
    assert (await page.ask("message.edit", **where, body="Again"))["code"] == "not_found"


async def test_messages_of_others_stay_as_they_are(open_page, alice, bob, room):
    await database(say, alice, room)
    page, where = await open_page(bob), {"room": str(room.id), "sequence": 1}
    assert (await page.ask("message.edit", **where, body="Mine"))["code"] == "forbidden"
    assert (await page.ask("message.delete", **where))["code"] == "forbidden"
    assert (await page.ask("message.delete", room=str(room.id), sequence=9))["code"] == "not_found"


async def test_validation_names_the_field(open_page, alice, room):
    page, good = (
        await open_page(alice),
        {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": "Hello"},
    )
    bad = [
        ("body", ""),
        ("body", " \n\t "),
        ("body", "\u200b"),
        ("body", None),
        ("body", 7),
        ("body", ["x"]),
        ("body", "x" * 4_001),
        ("body", "\ud800"),
        ("client_id", None),
        ("client_id", "1"),
        ("client_id", 1),
        ("client_id", "g" * 36),
        ("client_id", [good["client_id"]]),
        ("room", None),
        ("room", "lobby"),
        ("room", "\ud800" * 36),
        ("room", {}),
        ("reply_to", "1"),
        ("reply_to", -1),
        ("reply_to", 2**63),
        ("reply_to", True),
        ("reply_to", 1.0),
    ]
    for field, value in bad:
        reply = await page.ask("message.post", **{**good, field: value})
        assert (reply["code"], reply.get("field")) == ("invalid", field), (field, value, reply)
    assert (await page.ask("message.post", **{**good, "body": "  "}))["message"] == "message is empty"
    assert await database(room.messages.count) == 0
    await page.done("message.post", **good)


async def test_a_client_id_belongs_to_one_room(open_page, alice, bob, mallory, room):
    from chat.tests.situations import befriend

    other, page, client_id = (
        await database(befriend, alice, mallory),
        await open_page(alice),
        str(uuid.uuid4()),
    )
    await page.done("message.post", room=str(room.id), client_id=client_id, body="Hello")
    reply = await page.ask("message.post", room=str(other.id), client_id=client_id, body="Hello")
    assert (reply["code"], reply["field"]) == ("conflict", "client_id")


async def test_identity_comes_from_the_session(open_page, alice, bob, mallory, room):
    page = await open_page(alice, path=f"/ws/?user={bob.id}&author={bob.id}")
    forged = {
        name: str(bob.id) for name in ("author", "author_id", "user", "user_id", "sender", "actor", "reader")
    }
    sent = await page.done(
        "message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello", **forged
    )
    message = await database(room.messages.select_related("author").get)
    assert message.author == alice
    assert f'data-author="{alice.id}"' in sent["html"]
    outside = await open_page(mallory)
    for action in ("room.join", "history.get"):
        assert (await outside.ask(action, room=str(room.id), user=str(alice.id), user_id=str(alice.id)))[
            "code"
        ] == "not_found"


async def test_history_is_paged_both_ways(open_page, alice, bob, room):
    await database(fill, room, [alice, bob], 120)
    page = await open_page(alice, protocol=JSON)

    async def sequences(**asked):
        reply = await page.done("history.get", room=str(room.id), **asked)
        assert (reply["head"], reply["room"]) == (120, str(room.id))
        return [message["sequence"] for message in reply["messages"]], reply["more"]

    assert await sequences() == (list(range(71, 121)), True)
    assert await sequences(before=71, limit=100) == (list(range(1, 71)), False)
    assert await sequences(after=100) == (list(range(101, 121)), False)
    assert await sequences(after=3, limit=2) == ([4, 5], True)
    assert await sequences(since=0, limit=10_000) == (list(range(1, 101)), True)
    assert await sequences(since=120) == ([], False)
    for wrong in ({"since": -1}, {"before": "9"}, {"limit": 1.5}, {"after": 2**63}):
        reply = await page.ask("history.get", room=str(room.id), **wrong)
        assert (reply["code"], reply["field"]) == ("invalid", *wrong)


async def test_typing_is_accepted(open_page, alice, room):
    page = await open_page(alice)
    assert (await page.done("typing", room=str(room.id)))["room"] == str(room.id)
