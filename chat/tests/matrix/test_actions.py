"""Every action of the socket against everybody: checked at the handshake, and again each time (MO8, RT2)."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from accounts.models import User
from chat.models import Membership
from chat.realtime import access
from chat.realtime.frames import HTML, JSON
from chat.realtime.requests import ACTIONS
from chat.tests.matrix.roles import LIKE, PLACES, SECRET, SIGNED_IN, STAFF, World, X
from chat.tests.matrix.test_urls import everything
from chat.tests.realtime.pages import Closed, Loopback, Refused, database

pytestmark = pytest.mark.django_db(transaction=True)


class Action(NamedTuple):
    """What is asked for, and what a stranger, a member, and whose it is are told."""

    fields: Callable[[World], dict[str, Any]]
    told: tuple[str, str, str]

    def expected(self, role: str) -> str:
        return self.told[PLACES.index(LIKE.get(role, role)) - 1]


def _room(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda it: {"room": str(it.room), **more}


def _post(it: World) -> dict[str, Any]:
    return {"room": str(it.room), "client_id": str(uuid.uuid4()), "body": "hello"}


MEMBERS = ("not_found", "ok", "ok")
# A member sees the message: that it is not theirs may be said.
AUTHOR = ("not_found", "forbidden", "ok")
EVERYBODY = ("ok", "ok", "ok")
ROWS = {
    "room.join": Action(_room(since=0), MEMBERS),
    # Who hears nothing of a room hears nothing of it afterwards.
    "room.leave": Action(_room(), EVERYBODY),
    "inbox.watch": Action(lambda it: {}, EVERYBODY),
    "history.get": Action(_room(), MEMBERS),
    "getHistory": Action(_room(), MEMBERS),
    "message.post": Action(_post, MEMBERS),
    "sendMessage": Action(_post, MEMBERS),
    "message.edit": Action(_room(sequence=1, body="edited"), AUTHOR),
    "message.delete": Action(_room(sequence=1), AUTHOR),
    "read": Action(_room(sequence=1), MEMBERS),
    "typing": Action(_room(), MEMBERS),
    "ping": Action(lambda it: {}, EVERYBODY),
}
ABOUT_ROOMS = [name for name, row in ROWS.items() if row.told[0] == "not_found"]


@pytest.fixture
def unswept(settings, monkeypatch):
    """Let nothing but the checks of actions find out."""
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(access, "ROUND", 60)


def told(reply: dict[str, Any]) -> str:
    return reply["code"] if reply["status"] == "error" else reply["status"]


def test_every_action_has_a_row():
    assert set(ROWS) == set(ACTIONS), "new actions: say who may ask for them"


@pytest.mark.parametrize("protocol", [HTML, JSON])
async def test_who_may_not_sign_in_gets_no_socket(it, open_page, protocol):
    for session in (None, "", "made-up"):
        with pytest.raises(Refused, match="403"):
            await Loopback.open(session, protocol=protocol)
    with pytest.raises(Refused, match="403"):
        await open_page(it.people["suspended"], protocol=protocol)


@pytest.mark.parametrize("protocol", [HTML, JSON])
@pytest.mark.parametrize("role", SIGNED_IN)
async def test_who_may_ask_for_what(it, open_page, role, protocol):
    page, world = await open_page(it.people[role], protocol=protocol), it.seen_by(role)
    before = await database(everything)
    refused = [name for name, row in ROWS.items() if row.expected(role) != "ok"]
    for name in refused:
        fields = ROWS[name].fields(world)
        reply = await page.ask(name, **fields)
        assert told(reply) == ROWS[name].expected(role), name
        if told(reply) == "not_found":
            # Just as what does not exist.
            made_up = await page.ask(name, **{**fields, "room": X})
            assert {**made_up, "ref": 0} == {**reply, "ref": 0}, name
        assert SECRET not in str(reply)
    assert await database(everything) == before
    for name in ROWS.keys() - set(refused):
        reply = await page.ask(name, **ROWS[name].fields(world))
        # What one has deleted oneself cannot be edited any more.
        assert told(reply) == "ok" or (name, told(reply)) == ("message.edit", "not_found"), name


@pytest.mark.parametrize("role", [*STAFF, "stranger"])
async def test_watching_the_list_shows_nobody_elses_rooms(it, open_page, role):
    page = await open_page(it.people[role])

    reply = await page.done("inbox.watch")

    assert (reply["rooms"], reply["unread"], reply["people"], reply["online"]) == ({}, [], {}, [])


def suspended(person: User, world: World) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def taken_out(person: User, world: World) -> None:
    Membership.objects.filter(user=person, room=world.room).delete()


@pytest.mark.parametrize("lose", [suspended, taken_out])
@pytest.mark.parametrize("role", ["member", "author"])
async def test_rights_that_are_lost_hold_at_the_next_action(unswept, it, open_page, role, lose):
    page, other = await open_page(it.people[role]), await open_page(it.people[role])
    await page.done("room.join", room=str(it.room))
    await page.done("inbox.watch")
    await database(lose, it.people[role], it)
    before = await database(everything)

    for name in ABOUT_ROOMS:
        # How far one has read is one's own, and asked for all the time: who has joined is believed.
        for socket in (page, other) if name != "read" else (other,):
            reply = await socket.ask(name, **ROWS[name].fields(it))
            assert told(reply) == "not_found", name
            assert SECRET not in str(reply)

    assert await database(everything) == before
    assert str(it.room) not in str(await other.done("inbox.watch"))


@pytest.mark.parametrize("role", STAFF)
async def test_who_loses_a_role_comes_again(it, open_page, role, monkeypatch):
    monkeypatch.setattr(access, "ROUND", 0.02)
    monkeypatch.setattr(access, "GAP", 0.01)
    page = await open_page(it.people[role])
    await page.done("ping")

    await database(User.objects.filter(pk=it.people[role].pk).update, role="member")

    # No event tells of it: the sockets are looked at all the time.
    with pytest.raises(Closed, match=str(access.ACCESS_CHANGED)):
        await page.hears(lambda frame: False)
