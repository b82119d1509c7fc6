"""The landing page, the inbox, and the list of rooms beside every conversation."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from chat.models import Contact, Report
from chat.rows import as_uuid
from chat.sidebar import REQUESTS_MOST, ROOMS_MOST, list_of, search_words
from chat.statements import Statement
from chat.views.page import Page
from chat.views.search import searching
from chatscape.answers import is_htmx
from chatscape.conditional import not_modified, stamped
from chatscape.context import first_run

WAITING_MOST = 50

_inbox = Page("chat/inbox.html", {})
_waiting = Statement(
    lambda user: (
        Contact.objects.filter(owner=user).waiting().values_list("id", "name", "email")[:WAITING_MOST]
    ),
    user=UUID,
)
_confirmed = Statement(
    lambda user: EmailAddress.objects.filter(user=user, verified=True).values_list("id")[:1], user=UUID
)
_news = Statement(lambda user: Report.objects.all().news_for(user).values_list("id")[:1], user=UUID)


@require_safe
@searching("room-list")
def home(request: HttpRequest) -> HttpResponse:
    """The inbox of who is signed in; for others, what this is."""
    if not request.user.is_authenticated:
        return render(request, "chatscape/landing.html", {"first_run": first_run()})
    return inbox(request)  # type: ignore[arg-type]


@require_safe
@searching("room-list")
@signed_in
def room_list(request: SignedInRequest) -> HttpResponse:
    """The list of rooms as a fragment for htmx, or the inbox."""
    if not is_htmx(request):
        return inbox(request)
    side = list_of(request.user, search_words(request), most=ROOMS_MOST)
    stamp = repr(side.stamp())
    return not_modified(request, stamp) or stamped(request, HttpResponse(side.html()), stamp)


def inbox(request: SignedInRequest) -> HttpResponse:
    """The list of rooms as a page of its own, with the requests to answer and the contacts who have not."""
    user = request.user
    side = list_of(user, search_words(request), most=ROOMS_MOST)
    requests = list(Contact.objects.requests_to(user)[:REQUESTS_MOST]) if side.request_count else []
    waiting = _waiting.rows(user=user.id)
    confirm_email = settings.CONFIRM_EMAIL and not _confirmed.rows(user=user.id)
    report_news = bool(_news.rows(user=user.id))
    asked = [
        (found.id, found.owner_id, found.owner.name, found.owner.email, found.greeting) for found in requests
    ]
    shown = [user.name, user.role, user.has_notice, confirm_email, report_news]
    stamp = repr([*shown, side.stamp(), asked, waiting])
    if fresh := not_modified(request, stamp):
        return fresh
    has_rooms, may_invite = bool(side.rooms), user.runs_server
    # Every list is there already: beside it, most people have nothing more to see.
    if requests or waiting or confirm_email or report_news or len(get_messages(request)):
        context = {
            "room_list": side.html(),
            "query": side.query,
            "rooms": has_rooms,
            "requests": requests,
            "waiting": [Contact(id=as_uuid(key), name=name, email=email) for key, name, email in waiting],
            "may_invite": may_invite,
            "confirm_email": confirm_email,
            "report_news": report_news,
        }
        page = render(request, "chat/inbox.html", context)
    else:
        page = _inbox.answer(
            request, {}, room_list=side.html(), query=side.query, rooms=has_rooms, may_invite=may_invite
        )
    return stamped(request, page, stamp)
