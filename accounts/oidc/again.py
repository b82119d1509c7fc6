"""Asking people who sign in with a provider only to do so again, before something serious.

allauth asks for a password, a passkey or a code, and lets whoever has none of them pass.
"""

import time
from collections.abc import Mapping
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.flows.reauthentication import (
    STATE_SESSION_KEY,
    get_reauthentication_flows,
    resume_request,
)
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import sign_in_first
from accounts.models import User
from accounts.oidc.failing import failed_page
from accounts.oidc.identity import Identity
from accounts.oidc.problems import Kind, Problem
from accounts.oidc.provider import AGAIN, Provider, provider_or_404
from accounts.oidc.tokens import SECONDS_AHEAD
from chatscape.rates import check_request


def providers_to_ask(person: User) -> list[dict[str, Any]]:
    """Return the providers that can say who it is, as allauth describes such ways."""
    connected = set(SocialAccount.objects.filter(user=person).values_list("provider", flat=True))
    return [
        {
            "id": f"oidc_again:{each.id}",
            "description": _("Continue with %(name)s") % {"name": each.name},
            "url": reverse("oidc_again", args=[each.id]),
        }
        for each in settings.OIDC_PROVIDERS
        if each.id in connected
    ]


def must_come_again(request: HttpRequest) -> bool:
    """Say whether only a provider can tell who it is, and has not done so lately."""
    person = request.user
    return (
        isinstance(person, User)
        and not get_reauthentication_flows(person)
        and not _is_recent(request, person)
        and bool(providers_to_ask(person))
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, to sign in there once more; afterwards go on with what was asked for."""
    provider, person = provider_or_404(request, provider_id), request.user
    if not isinstance(person, User):
        return sign_in_first(request)
    if request.path not in (way["url"] for way in get_adapter().get_reauthentication_methods(person)):
        raise Http404
    next_url, recent = get_next_redirect_url(request), _is_recent(request, person)
    waits = "request" in request.session.get(STATE_SESSION_KEY, {})
    if recent and (request.method == "POST" or not waits):
        response: HttpResponse = resume_request(request) or redirect("profile")
        return response
    if request.method == "POST":
        check_request("provider", request)
        try:
            return provider.redirect(request, AGAIN, next_url)
        except Problem as problem:
            return failed_page(provider, problem, {"process": AGAIN, "next": next_url})
    context = {"provider": provider, "next": next_url, "recent": recent}
    return render(request, "socialaccount/again.html", context)


def came_again(
    request: HttpRequest, provider: Provider, identity: Identity, state: Mapping[str, Any]
) -> HttpResponse:
    """Note that it is the same person still, and lead on. Raises `Problem` when it is not."""
    person = request.user
    accounts = SocialAccount.objects.filter(provider=provider.sub_id, uid=identity.uid)
    if not isinstance(person, User) or not accounts.filter(user=person).exists():
        raise Problem(Kind.OTHER, "somebody else came back")
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT - SECONDS_AHEAD
    # Not every provider says it, or can be asked to look again.
    if identity.authenticated_at is not None and identity.authenticated_at < since:
        raise Problem(Kind.OTHER, "it was some time ago that they signed in there")
    record_authentication(
        request, person, method="socialaccount", provider=provider.sub_id, reauthenticated=True
    )
    query = urlencode({"next": state["next"]}) if state.get("next") else ""
    return redirect(f"{reverse('oidc_again', args=[provider.sub_id])}?{query}")


def _is_recent(request: HttpRequest, person: User) -> bool:
    times = [record["at"] for record in get_authentication_records(request, person)]
    return bool(times) and time.time() - max(times) < app_settings.REAUTHENTICATION_TIMEOUT
