"""Who is muted says nothing over a socket that is open, and hears everything (MO1)."""

import json
import uuid

import pytest

from accounts.tests.people import make_user
from chat.actions import moderation
from chat.models import Message, Sanction
from chat.tests.realtime.pages import database, notice, says
from chat.tests.situations import say

pytestmark = pytest.mark.django_db(transaction=True)


async def mute(person):
    """Let an administrator mute somebody for three days, as it is done."""
    ada = await database(make_user, "Ada", role="admin")
    what = {"actor": ada, "person": person, "kind": "mute", "reason": "Insults", "days": 3}
    return await database(lambda: moderation.sanction(**what))


def asked(room):
    return {
        "message.post": {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": "More words"},
        "message.edit": {"room": str(room.id), "sequence": 1, "body": "Other words"},
        "typing": {"room": str(room.id)},
    }


@pytest.mark.parametrize("action", ["message.post", "message.edit", "typing"])
async def test_what_is_refused_names_the_time_and_harms_nothing(open_page, alice, bob, room, action):
    await database(say, alice, room, "First words")
    page, other = await open_page(alice), await open_page(bob)
    for each in (page, other):
        await each.done("room.join", room=str(room.id))
    # What was believed a moment ago is not believed any more.
    await page.done("typing", room=str(room.id))
    await other.hears(notice("typing"))
    heard = len(other.heard)

    made = await mute(alice)
    await page.hears(notice("standing.changed"))
    refusal = await page.ask(action, **asked(room)[action])

    assert (refusal["status"], refusal["code"]) == ("error", "muted")
    assert f"{made.ends_at:%Y}" in refusal["message"]
    assert refusal["field"] == "body"
    await page.done("ping")
    assert await database(lambda: [message.body for message in Message.objects.all()]) == ["First words"]
    await database(say, bob, room, "Still heard")
    await page.hears(says("Still heard"))
    await other.hears(says("Still heard"))
    assert not any("typing" in frame or "Other words" in frame for frame in other.heard[heard:])


async def test_others_who_post_at_the_same_moment_do(open_page, alice, bob, room):
    await mute(alice)
    pages = [await open_page(alice), await open_page(bob)]

    for page in pages:
        await page.wire.send(json.dumps({"action": "message.post", "ref": 1, **asked(room)["message.post"]}))
    replies = [json.loads(await page.next_reply()) for page in pages]

    assert [reply.get("code", reply["status"]) for reply in replies] == ["muted", "ok"]


async def test_a_mute_that_was_lifted_is_over_at_once(open_page, alice, room):
    made = await mute(alice)
    page = await open_page(alice)
    assert (await page.ask("typing", room=str(room.id)))["code"] == "muted"

    milo = await database(make_user, "Milo", role="moderator")
    await database(lambda: moderation.lift(actor=milo, sanction_id=made.id, reason="Mercy"))

    await page.done("typing", room=str(room.id))
    await page.done("message.post", **asked(room)["message.post"])
    assert await database(Sanction.objects.in_force().count) == 0
