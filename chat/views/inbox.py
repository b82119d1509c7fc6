"""The landing page, the inbox, and the list of rooms beside every conversation."""

from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.models import User
from chat.models import Contact, Membership, Room
from chat.models.membership import CappedCount
from chat.views.access import SignedInRequest, signed_in
from chatscape.answers import is_htmx
from chatscape.context import first_run

ROOMS_MOST = 100
REQUESTS_MOST = 100


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The inbox of who is signed in; for others, what this is."""
    if not request.user.is_authenticated:
        return render(request, "chatscape/landing.html", {"first_run": first_run()})
    return inbox(request)  # type: ignore[arg-type]


@require_safe
@signed_in
def room_list(request: SignedInRequest) -> HttpResponse:
    """The list of rooms as a fragment for htmx, or the inbox."""
    if not is_htmx(request):
        return inbox(request)
    query = search_words(request)
    response = render(request, "chat/_room_list.html", sidebar(request.user, query))
    patch_vary_headers(response, ["HX-Request"])
    return response


def inbox(request: SignedInRequest) -> HttpResponse:
    query = search_words(request)
    context = {
        **sidebar(request.user, query),
        "requests": Contact.objects.requests_to(request.user)[:REQUESTS_MOST],
        "waiting": Contact.objects.of(request.user).waiting().select_related("invitation")[:50],
        "may_invite": request.user.runs_server,
    }
    response = render(request, "chat/inbox.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def search_words(request: HttpRequest) -> str:
    """Return what was typed into the search box, at most 100 characters of it."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def sidebar(user: User, query: str = "", current: UUID | None = None) -> dict[str, Any]:
    """Return what the list of rooms shows: rooms, and how many requests wait for an answer.

    It takes one query, as long as there are rooms; `current` is among them however old it is.
    """
    requests = CappedCount(Contact.objects.requests_to(user).order_by().values("pk")[:REQUESTS_MOST])
    rows = Membership.objects.of(user).exclude(room__kind=Room.Kind.EVENT).for_list()
    if query:
        rows = rows.titled_like(query)
    first = Case(When(room=current, then=Value(0)), default=Value(1))
    found = list(
        rows.annotate(request_count=requests).order_by(first, "-room__active_at", "-pk")[:ROOMS_MOST]
    )
    rooms = sorted(found, key=lambda row: row.room.active_at, reverse=True)
    waiting = rooms[0].request_count if rooms else Contact.objects.requests_to(user).count()
    return {"rooms": rooms, "query": query, "request_count": waiting}
