"""The list of rooms that stands beside every page."""

import re
from functools import cache, partial
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


def sidebar(
    user: User, query: str = "", current: UUID | None = None, most: int = ROOMS_BESIDE
) -> dict[str, Any]:
    """Return what the list of rooms shows: at most `most` rooms, and how many requests wait.

    It takes one query, as long as there are rooms; `current` is among them however old it is.
    """
    found = rooms_of(user, query, current, most + 1)
    more = len(found) > most
    rooms = sorted(found[:most], key=lambda row: row.active_at, reverse=True)
    waiting = rooms[0].request_count if rooms else Contact.objects.requests_to(user).count()
    return {
        "rooms": rooms,
        # Made when a template comes to it: not every page has the list.
        "rows_html": partial(rows_html, rooms, current),
        "query": query,
        "request_count": waiting,
        "more_rooms": more and most < ROOMS_MOST,
    }


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


_one = Statement(
    lambda user, room: Membership.objects.filter(user=user, room=room).rows(), user=UUID, room=UUID
)


@cache
def _list(most: int, searched: bool, opened: bool) -> Statement:
    def build(user: UUID, pattern: str = "", current: UUID | None = None) -> QuerySet[Membership, Any]:
        asked = Contact.objects.requests_to(User(pk=user)).order_by().values("pk")[:REQUESTS_MOST]
        rows = Membership.objects.filter(user=user).exclude(room__kind=Room.Kind.EVENT)
        if searched:
            rows = rows.titled_like(pattern)
        order: list[Any] = ["-room__active_at", "-pk"]
        if opened:
            order.insert(0, Case(When(room=current, then=Value(0)), default=Value(1)))
        return rows.rows().annotate(request_count=CappedCount(asked)).order_by(*order)[:most]

    kinds: dict[str, type] = {"user": UUID}
    if searched:
        kinds["pattern"] = str
    if opened:
        kinds["current"] = UUID
    return Statement(build, **kinds)
