"""The list of rooms that stands beside every page."""

from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When
from django.http import HttpRequest

from accounts.models import User
from chat.models import Contact, Membership, Room
from chat.models.membership import CappedCount

# Beside a page the list is short, so that the page is small; the rest is fetched when it is looked at.
ROOMS_BESIDE = 20
ROOMS_MOST = 100
REQUESTS_MOST = 100


def search_words(request: HttpRequest) -> str:
    """Return what was typed into the search box, at most 100 characters of it."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def sidebar(
    user: User, query: str = "", current: UUID | None = None, most: int = ROOMS_BESIDE
) -> dict[str, Any]:
    """Return what the list of rooms shows: at most `most` rooms, and how many requests wait.

    It takes one query, as long as there are rooms; `current` is among them however old it is.
    """
    requests = CappedCount(Contact.objects.requests_to(user).order_by().values("pk")[:REQUESTS_MOST])
    rows = Membership.objects.of(user).exclude(room__kind=Room.Kind.EVENT).for_list()
    if query:
        rows = rows.titled_like(query)
    first = Case(When(room=current, then=Value(0)), default=Value(1))
    rows = rows.annotate(request_count=requests)  # type: ignore[no-redef]
    found = list(rows.order_by(first, "-room__active_at", "-pk")[: most + 1])
    more = len(found) > most
    del found[most:]
    for row in found:
        row.show_withheld()
    rooms = sorted(found, key=lambda row: row.room.active_at, reverse=True)
    waiting = rooms[0].request_count if rooms else Contact.objects.requests_to(user).count()
    return {
        "rooms": rooms,
        "query": query,
        "request_count": waiting,
        "more_rooms": more and most < ROOMS_MOST,
    }
