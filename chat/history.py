"""Pages of a room's messages, for sockets and HTTP alike."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from uuid import UUID

from accounts.models import User
from chat.errors import message_not_found, room_not_found
from chat.models import Membership, Message
from chat.models.message import PAGE, PAGE_MOST, MessageQuerySet
from chat.rows import MessageRow
from chat.statements import Statement

# How many characters the messages of a page have together.
WORDS_MOST = 60_000


@dataclass(frozen=True)
class Page:
    """Messages in the order they are shown or were changed in.

    `head` is the room's revision; `revision` is the cursor of whoever has applied this page to what
    they had: ask for what came since. `more` says that the same question has a further answer.
    """

    room_id: UUID
    messages: list[MessageRow]
    more: bool
    head: int
    revision: int


class Window(NamedTuple):
    """The messages that a room page shows, and whether there are older and newer ones."""

    messages: list[MessageRow]
    has_older: bool
    has_newer: bool


@dataclass(frozen=True)
class Place:
    """A room as one of its members finds it: its revision, and the other person's name in a direct one."""

    head: int
    kind: str
    peer_name: str | None


_place = Statement(
    lambda user, room: Membership.objects.filter(user=user, user__is_active=True, room=room).values_list(
        "room__revision", "room__kind", "peer__name"
    ),
    user=UUID,
    room=UUID,
)


def place_of(user: User | UUID, room_id: UUID) -> Place:
    """Return where a member is. Raises `NotFound` for everybody else."""
    found = _place.rows(user=_id_of(user), room=room_id)
    if not found:
        raise room_not_found()
    return Place(*found[0])


def page_of(
    user: User | UUID,
    room_id: UUID,
    place: Place | None = None,
    /,
    *,
    since: int | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Page:
    """Return what changed `since` a revision, or what was posted `after` or `before` a sequence.

    Without any of the three, the newest messages. A page has at most `limit` messages, never more
    than `PAGE_MOST`. Raises `NotFound` when the person is not a member. `place` is what `place_of`
    said, if it was asked before.
    """
    # The revision is read first: a change that commits in between is in the page or in the next.
    head = (place or place_of(user, room_id)).head
    size = max(1, min(limit or (PAGE_MOST if since is not None else PAGE), PAGE_MOST))
    if since is not None:
        found = messages_since(_id_of(user), room_id, since, size + 1)
        messages = _fitting(found[:size])
        more = len(found) > len(messages)
        newest = messages[-1].revision if messages else head
        return Page(room_id, messages, more, max(head, newest), newest if more else max(head, newest))
    if after is not None:
        found = messages_after(_id_of(user), room_id, after, size + 1)
        messages = _fitting(found[:size])
        return Page(room_id, messages, len(found) > len(messages), head, head)
    found = messages_before(_id_of(user), room_id, before, size + 1)
    messages = _fitting(found[::-1][:size])[::-1]
    return Page(room_id, messages, len(found) > len(messages), head, head)


def _fitting(messages: list[MessageRow]) -> list[MessageRow]:
    """Return the first of these, as many as fit into a frame that clients take, and at least one.

    Many libraries close a socket at 1 MiB. In JSON a message's words come three times, with markup.
    """
    size = 0
    for number, message in enumerate(messages):
        size += len(message.body)
        if number and size > WORDS_MOST:
            return messages[:number]
    return messages


def window_of(user: User, room_id: UUID, *, before: int | None = None, around: int | None = None) -> Window:
    """Return what a room page shows.

    The messages are the newest, or those before a sequence, or those around one: `NotFound` when there is no
    such message. Whether the person is a member was checked before.
    """
    if around is None:
        found = messages_before(user.id, room_id, before, PAGE + 1)
        return Window(found[-PAGE:], len(found) > PAGE, before is not None)
    half = PAGE // 2
    older = messages_before(user.id, room_id, around, half + 1)
    newer = messages_after(user.id, room_id, around - 1, half + 1)
    if not newer or newer[0].sequence != around:
        raise message_not_found()
    return Window(older[-half:] + newer[:half], len(older) > half, len(newer) > half)


def _id_of(user: User | UUID) -> UUID:
    """Sockets know their person by id alone."""
    return user if isinstance(user, UUID) else user.id


def stamp_of(messages: list[MessageRow]) -> list[object]:
    """Return what tells whether these messages look as before: each revision, and who is called what."""
    return [(message.sequence, message.revision, message.author_name) for message in messages]


def messages_before(user_id: UUID, room_id: UUID, sequence: int | None, most: int) -> list[MessageRow]:
    """Return the last messages born before a sequence, or the newest ones, in the order they are shown in."""
    if sequence is None:
        rows = _newest(most).rows(user=user_id, room=room_id)
    else:
        rows = _before(most).rows(user=user_id, room=room_id, number=sequence)
    return [MessageRow(*row) for row in reversed(rows)]


def messages_after(user_id: UUID, room_id: UUID, sequence: int, most: int) -> list[MessageRow]:
    """Return the first messages born after a sequence."""
    rows = _after(most).rows(user=user_id, room=room_id, number=sequence)
    return [MessageRow(*row) for row in rows]


def messages_since(user_id: UUID, room_id: UUID, revision: int, most: int) -> list[MessageRow]:
    """Return the first messages posted, edited or deleted after a revision, in that order."""
    rows = _since(most).rows(user=user_id, room=room_id, number=revision)
    return [MessageRow(*row) for row in rows]


def _seen_by(user: UUID, room: UUID) -> MessageQuerySet:
    return Message.objects.filter(room=room).visible_to(user)


# One for each size of a page: a limit is no parameter.
@cache
def _newest(most: int) -> Statement:
    return Statement(lambda user, room: _seen_by(user, room).before().rows()[:most], user=UUID, room=UUID)


@cache
def _before(most: int) -> Statement:
    return Statement(
        lambda user, room, number: _seen_by(user, room).before(number).rows()[:most],
        user=UUID,
        room=UUID,
        number=int,
    )


@cache
def _after(most: int) -> Statement:
    return Statement(
        lambda user, room, number: _seen_by(user, room).after(number).rows()[:most],
        user=UUID,
        room=UUID,
        number=int,
    )


@cache
def _since(most: int) -> Statement:
    return Statement(
        lambda user, room, number: _seen_by(user, room).changed_since(number).rows()[:most],
        user=UUID,
        room=UUID,
        number=int,
    )
