"""Messages and rooms as pages read them: plain rows, without the cost of models.

A row has what the driver gives, so that rows can be compared and kept: PostgreSQL gives UUIDs and moments,
SQLite gives text. The properties are for whoever wants to know more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Self
from uuid import UUID

from django.utils.dateformat import format as date_format
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.names import initials
from chat.models import Message, Room

RawId = UUID | str
RawTime = datetime | str

# Characters of a message's words in the list of rooms.
PREVIEW = 60


class MessageRow(NamedTuple):
    """What is shown of a message. The fields are those of `MessageQuerySet.rows`."""

    room: RawId
    sequence: int
    revision: int
    author: RawId
    author_name: str
    client: RawId
    body: str
    body_html: str
    created: RawTime
    edited: RawTime | None
    deleted: RawTime | None
    held: bool = False

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            message.room_id,
            message.sequence,
            message.revision,
            message.author_id,
            message.author.name,
            message.client_id,
            message.body,
            message.body_html,
            message.created_at,
            message.edited_at,
            message.deleted_at,
            message.held,
        )

    @property
    def author_id(self) -> UUID:
        return as_uuid(self.author)

    @property
    def initials(self) -> str:
        return initials(self.author_name)


class LastMessage(NamedTuple):
    """The line of the list of rooms about what was said last."""

    mine: bool
    author_name: str | None
    said: str
    created: RawTime
    deleted: RawTime | None


class RoomRow(NamedTuple):
    """One person's view of one room. The fields are those of `MembershipQuerySet.rows`."""

    user: RawId
    room: RawId
    kind: str
    revision: int
    active: RawTime
    peer: RawId | None
    peer_name: str | None
    title: str
    contact: RawId | None
    i_block: bool
    read_sequence: int
    unread: int
    last_sequence: int | None
    last_author: RawId | None
    last_author_name: str | None
    last_said: str | None
    last_created: RawTime | None
    last_deleted: RawTime | None
    withheld_sequence: int | None
    withheld_said: str | None
    withheld_created: RawTime | None
    withheld_deleted: RawTime | None
    # The requests that wait for the person, in rows of the list.
    request_count: int = 0

    @property
    def room_id(self) -> UUID:
        return as_uuid(self.room)

    @property
    def contact_id(self) -> UUID | None:
        return None if self.contact is None else as_uuid(self.contact)

    @property
    def initials(self) -> str:
        return initials(self.title)

    @property
    def hue(self) -> int:
        """The colour of the generated avatar: the other person's, or the room's own."""
        return as_uuid(self.peer or self.room).int % 12

    @property
    def active_at(self) -> RawTime:
        """When the room was active, as it looks to this person. Rows of one query can be sorted by it."""
        return self.withheld_created if self._withheld else self.active  # type: ignore[return-value]

    @property
    def last(self) -> LastMessage | None:
        """What was said last. What was withheld from the other looks to its author as if it had been sent."""
        if self._withheld:
            said, created = self.withheld_said or "", self.withheld_created
            return LastMessage(True, None, said, created, self.withheld_deleted)  # type: ignore[arg-type]
        if self.last_created is None:
            return None
        mine = self.last_author == self.user
        said = self.last_said or ""
        return LastMessage(mine, self.last_author_name, said, self.last_created, self.last_deleted)

    @property
    def preview(self) -> str:
        """One line of the last message, as the list of rooms shows it."""
        last = self.last
        if last is None:
            return ""
        said = _("Message deleted") if last.deleted else " ".join(last.said.split())
        if last.mine:
            return _("You: %(said)s") % {"said": said}
        return said if self.kind == Room.Kind.DIRECT else f"{last.author_name}: {said}"

    @property
    def short_preview(self) -> str:
        line = self.preview
        return line if len(line) <= PREVIEW and line.isascii() else Truncator(line).chars(PREVIEW)

    @property
    def _withheld(self) -> bool:
        sequence = self.withheld_sequence
        return sequence is not None and (self.last_sequence is None or self.last_sequence < sequence)


def as_uuid(raw: RawId) -> UUID:
    return raw if isinstance(raw, UUID) else UUID(hex=raw)


def as_time(raw: RawTime) -> datetime:
    """Return the moment in UTC."""
    moment = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def day_of(moment: datetime, pattern: str) -> str:
    """Return the day of a moment in the language of the page, in one of Django's date formats."""
    return _day(moment.toordinal(), pattern, get_language())


@lru_cache(1_000)
def _day(ordinal: int, pattern: str, language: str | None) -> str:
    return date_format(datetime.fromordinal(ordinal), pattern)
