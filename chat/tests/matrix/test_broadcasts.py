"""Every event reaches those it is for, and nobody outside (MO8, RT13).

The events come from `chat.events`: one that has no row here fails the test.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from chat import events
from chat.actions.messages import delete_message, edit_message
from chat.actions.rooms import mark_read
from chat.models import Message, Room
from chat.realtime import access
from chat.realtime.frames import HTML, JSON
from chat.tests.matrix.roles import SIGNED_IN, World
from chat.tests.realtime.pages import Closed, database, says
from chat.tests.situations import say

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY: frozenset[str] = frozenset()
HERE = frozenset(("member", "author"))
WORDS = "words of the moment"


class Event(NamedTuple):
    """What makes it happen, who hears it by which sign, and whose sockets it ends."""

    happen: Callable[[World], object]
    heard_by: frozenset[str] = NOBODY
    sign: Callable[[str], object] = says(WORDS)
    ends: frozenset[str] = NOBODY


def room_of(it: World) -> Room:
    return Room.objects.get(id=it.room)


def _say(it: World) -> Message:
    return say(it.people["author"], room_of(it), WORDS)


def _edit(it: World) -> None:
    edit_message(actor=it.people["author"], room_id=it.room, sequence=1, body=WORDS)


def _delete(it: World) -> None:
    delete_message(actor=it.people["author"], room_id=it.room, sequence=1)


def _say_withheld(it: World) -> None:
    """The blocked says something to whom blocks them."""
    assert it.beside
    say(it.people["blocked"], room_of(it.beside), WORDS)


def to(role: str, event: Callable[..., object], *more: str) -> Callable[[World], object]:
    """Tell one person something."""
    return lambda it: event(*([room_of(it)] if more else []), it.people[role])


def _demoted(person: Any) -> None:
    person.role = "member"
    events.access_changed(person)


def told(name: str) -> Callable[[str], object]:
    return lambda frame: f'"{name}"' in frame


ARRIVED = told("inbox.changed")
ROWS: dict[str, list[Event]] = {
    "message_created": [Event(_say, HERE), Event(_say_withheld, frozenset(("blocked",)))],
    "message_edited": [Event(_edit, HERE)],
    "message_deleted": [Event(_delete, HERE, lambda frame: "data-deleted" in frame or "deleted" in frame)],
    "member_joined": [Event(to("member", events.member_joined, "room"), {"member"}, told("member.joined"))],
    "member_left": [Event(to("member", events.member_left, "room"), {"member"}, told("member.left"))],
    "inbox_changed": [Event(to("member", events.inbox_changed), {"member"}, told("inbox.changed"))],
    "room_read": [
        Event(
            lambda it: mark_read(reader=it.people["member"], room_id=it.room, sequence=1),
            {"member"},
            told("read"),
        )
    ],
    "receipt_changed": [
        Event(
            lambda it: events.receipt_changed(it.people["member"].id, it.room, 1, it.people["author"].id),
            {"author"},
            told("receipt.changed"),
        )
    ],
    "typing": [Event(lambda it: events.typing(it.room, it.people["member"].id, "Bob"), HERE, told("typing"))],
    "sharing_changed": [
        Event(lambda it: events.sharing_changed(it.people["member"].id), {"member"}, told("sharing.changed"))
    ],
    "standing_changed": [Event(to("member", events.standing_changed), {"member"}, told("standing.changed"))],
    "report_decided": [Event(to("member", events.report_decided), {"member"}, told("report.decided"))],
    "session_ended": [Event(lambda it: events.session_ended(it.people["member"].id, "of another device"))],
    "password_changed": [Event(to("member", events.password_changed))],
    "account_closed": [Event(to("member", events.account_closed), ends={"member"})],
    "access_changed": [
        Event(to("member", events.access_changed)),
        Event(to("moderator", _demoted), ends={"moderator"}),
    ],
}


def test_every_event_has_a_row():
    functions = inspect.getmembers(events, inspect.isfunction)
    named = {name for name, it in functions if it.__module__ == events.__name__ and not name.startswith("_")}

    assert set(ROWS) == named, "new events: say who hears them"


@pytest.fixture(autouse=True)
def only_events(settings, monkeypatch):
    """Let nothing else arrive or end anything."""
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(access, "ROUND", 60)


@pytest.mark.parametrize("protocol", [HTML, JSON])
@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, rows in ROWS.items() for number in range(len(rows))]
)
async def test_an_event_reaches_nobody_outside(it, open_page, name, number, protocol):
    event = ROWS[name][number]
    pages = {role: await open_page(it.people[role], protocol=protocol) for role in SIGNED_IN}
    for role, page in pages.items():
        # Everybody listens to whatever they can.
        await page.done("inbox.watch")
        await page.ask("room.join", room=str(it.room))
        await page.ask("room.join", room=str(it.seen_by(role).room))
    await arrived(it, pages)
    for page in pages.values():
        page.heard.clear()

    await database(event.happen, it)

    for role in event.ends:
        with pytest.raises(Closed):
            await pages.pop(role).hears(lambda frame: False)
    for role in event.heard_by:
        await pages[role].hears(event.sign)
    await arrived(it, pages, but=set(event.heard_by) if name == "inbox_changed" else set())
    for role in pages.keys() - event.heard_by:
        left = [frame for frame in pages[role].heard if not ARRIVED(frame)]
        assert not any(event.sign(frame) for frame in left), role
        if role not in HERE | {"blocked"}:
            assert left == [], role


async def arrived(it: World, pages: dict[str, Any], but: set[str] = frozenset()) -> None:
    """Wait until everything published so far has arrived: events keep their order in one process."""
    for role in pages.keys() - but:
        await database(events.inbox_changed, it.people[role])
        await pages[role].hears(ARRIVED)
