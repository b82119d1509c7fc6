"""Where a sign-in ends that went wrong: a page of its own, whose address holds nothing of the provider's."""

import logging
from collections.abc import Mapping
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.providers.base import AuthProcess
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.oidc.problems import PAGES, Kind, Problem
from accounts.oidc.provider import AGAIN, Provider, provider_or_404

logger = logging.getLogger(__name__)


def failed_page(provider: Provider, problem: Problem, state: Mapping[str, Any]) -> HttpResponse:
    """Log what went wrong and lead to its page, which knows what was wanted."""
    logger.warning("Sign-in with %s: %s (%s)", provider.sub_id, problem.kind.value, problem.reason)
    url = reverse("oidc_failed", args=[provider.sub_id, problem.kind.value])
    wanted = {name: state[name] for name in ("process", "next") if state.get(name)}
    if wanted.get("process") == AuthProcess.LOGIN:
        del wanted["process"]
    return redirect(f"{url}?{urlencode(wanted)}" if wanted else url)


@require_GET
def failed(request: HttpRequest, provider_id: str, kind: str) -> HttpResponse:
    """Say what went wrong, with a way to try the same again and a way home."""
    provider = provider_or_404(request, provider_id)
    try:
        page = PAGES[Kind(kind)]
    except ValueError:
        raise Http404 from None
    name, process = {"name": provider.name}, request.GET.get("process")
    context = {
        "title": str(page.title) % name,
        "words": str(page.words) % name,
        "again": reverse(
            "oidc_again" if process == AGAIN else "openid_connect_login", args=[provider.sub_id]
        ),
        # Trying again shall not sign in as somebody else instead.
        "connecting": process == AuthProcess.CONNECT,
        "next": get_next_redirect_url(request),
    }
    response = render(request, "socialaccount/failed.html", context, status=page.status)
    if page.status == 503:
        response["Retry-After"] = "30"
    return response
