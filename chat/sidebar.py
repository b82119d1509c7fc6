"""The list of rooms that stands beside every page."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from accounts.models import User
from chat.models import Contact, Membership, Room
from chat.models.membership import CappedCount
from chat.prepared import Memo, Prepared
from chat.rows import RoomRow, as_time, day_of
from chat.statements import Statement

# Beside a page the list is short, so that the page is small; the rest is fetched when it is looked at.
ROOMS_BESIDE = 20
ROOMS_MOST = 100
REQUESTS_MOST = 100

_rows: Memo[tuple[RoomRow, bool]] = Memo(8 * 1024 * 1024)
_room_list = Prepared("chat/_room_list.html", {"rows_html": str, "query": str})
_row = Prepared(
    "chat/_room_row.html",
    {
        "room": UUID,
        "revision": int,
        "hue": int,
        "initials": str,
        "title": str,
        "moment": str,
        "day": str,
        "preview": str,
        "count": str,
    },
)


def search_words(request: HttpRequest) -> str:
    """Return what was typed into the search box, at most 100 characters of it."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


@dataclass(frozen=True)
class Sidebar:
    """What the list of rooms shows: the rooms in their order, and how many requests wait."""

    rooms: list[RoomRow]
    request_count: int
    query: str
    current: UUID | None
    more_rooms: bool
    may_invite: bool

    def stamp(self) -> list[object]:
        """All that is shown, to tell whether it is what somebody has already."""
        rest = [self.request_count, self.query, self.current, self.more_rooms, self.may_invite]
        return [*rest, *map(tuple, self.rooms)]

    def html(self) -> SafeString:
        rows = rows_html(self.rooms, self.current)
        return _room_list.fill(
            {"rows_html": rows, "query": self.query},
            rooms=bool(self.rooms),
            searched=bool(self.query),
            request_count=self.request_count,
            more_rooms=self.more_rooms,
            may_invite=self.may_invite,
        )


def sidebar(user: User) -> dict[str, object]:
    """Return what a template needs for the list of rooms beside a page."""
    # Made when the template comes to it: htmx asks for pages without the list.
    return {"room_list": lambda: list_of(user).html()}


def list_of(user: User, query: str = "", current: UUID | None = None, most: int = ROOMS_BESIDE) -> Sidebar:
    """Return at most `most` rooms; `current` is among them however old it is.

    It takes one query, as long as there are rooms.
    """
    found = rooms_of(user, query, current, most + 1)
    rooms = sorted(found[:most], key=lambda row: row.active_at, reverse=True)
    waiting = rooms[0].request_count if rooms else _requests.rows(user=user.id)[0][0]
    more = most < len(found) and most < ROOMS_MOST
    return Sidebar(rooms, waiting, query, current, more, user.runs_server)


def rooms_of(user: User, query: str, current: UUID | None, most: int) -> list[RoomRow]:
    """Return the first rooms of a person's list: `current`, then the most recent ones."""
    values: dict[str, str | UUID] = {"user": user.id}
    if query:
        # As the queryset does it with what it gets: the letters of a stand-in need no escape.
        values["pattern"] = re.escape(query)
    if current:
        values["current"] = current
    return [RoomRow(*row) for row in _list(most, bool(query), bool(current)).rows(**values)]


def room_of(user: User, room_id: UUID) -> RoomRow | None:
    """Return one room as it stands in a person's list, also an event's, which is not in it."""
    found = _one.rows(user=user.id, room=room_id)
    return RoomRow(*found[0]) if found else None


def rows_html(rows: list[RoomRow], current: UUID | None = None) -> SafeString:
    """Return the rows of the list; the room that is open is marked."""
    language = get_language()
    opened = (current, current.hex) if current else ()
    html = [_rows.get((row.user, row.room, language), (row, row.room in opened), _render) for row in rows]
    return mark_safe("\n".join(html))  # noqa: S308


def row_values(row: RoomRow) -> dict[str, object]:
    """Return what the template of a row shows, besides what `row_shape` says."""
    last = row.last
    moment = as_time(last.created) if last else None
    return {
        "room": row.room_id,
        "revision": row.revision,
        "hue": row.hue,
        "initials": row.initials,
        "title": row.title,
        "moment": f"{moment:%Y-%m-%dT%H:%M:%S}Z" if moment else "",
        "day": day_of(moment, "j M") if moment else "",
        "preview": row.short_preview,
        "count": "99+" if row.unread > 99 else str(row.unread),
    }


def row_shape(row: RoomRow, current: bool) -> dict[str, bool]:
    last = row.last
    return {
        "current": current,
        "last": last is not None,
        "removed": bool(last and last.deleted),
        "unread": bool(row.unread),
    }


def _render(shown: tuple[RoomRow, bool]) -> SafeString:
    row, current = shown
    return mark_safe(_row.fill(row_values(row), **row_shape(row, current)).strip())  # noqa: S308


def _request_count(user: UUID) -> CappedCount:
    requests = Contact.objects.requests_to(User(pk=user)).order_by()
    return CappedCount(requests.values("pk")[:REQUESTS_MOST])


_one = Statement(
    lambda user, room: Membership.objects.filter(user=user, room=room).rows(), user=UUID, room=UUID
)


_requests = Statement(lambda user: User.objects.filter(id=user).values_list(_request_count(user)), user=UUID)


@cache
def _list(most: int, searched: bool, opened: bool) -> Statement:
    def build(user: UUID, pattern: str = "", current: UUID | None = None) -> QuerySet[Membership, Any]:
        rows = Membership.objects.filter(user=user).exclude(room__kind=Room.Kind.EVENT)
        if searched:
            rows = rows.titled_like(pattern)
        order: list[Any] = ["-room__active_at", "-pk"]
        if opened:
            order.insert(0, Case(When(room=current, then=Value(0)), default=Value(1)))
        return rows.rows().annotate(request_count=_request_count(user)).order_by(*order)[:most]

    kinds: dict[str, type] = {"user": UUID}
    if searched:
        kinds["pattern"] = str
    if opened:
        kinds["current"] = UUID
    return Statement(build, **kinds)
