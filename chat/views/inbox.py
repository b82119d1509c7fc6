"""The landing page, the inbox, and the list of rooms beside every conversation."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from chat.models import Contact
from chat.sidebar import REQUESTS_MOST, ROOMS_MOST, search_words, sidebar
from chatscape.answers import is_htmx
from chatscape.context import first_run


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
    response = render(request, "chat/_room_list.html", sidebar(request.user, query, most=ROOMS_MOST))
    patch_vary_headers(response, ["HX-Request"])
    return response


def inbox(request: SignedInRequest) -> HttpResponse:
    query = search_words(request)
    context = {
        **sidebar(request.user, query, most=ROOMS_MOST),
        "requests": Contact.objects.requests_to(request.user)[:REQUESTS_MOST],
        "waiting": Contact.objects.of(request.user).waiting().select_related("invitation")[:50],
        "may_invite": request.user.runs_server,
        "confirm_email": settings.CONFIRM_EMAIL
        and not request.user.emailaddress_set.filter(verified=True).exists(),
    }
    response = render(request, "chat/inbox.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
