"""The way to a provider and back."""

import logging
from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.oidc import sign_out
from accounts.oidc.exchange import Tokens, exchange
from accounts.oidc.identity import Identity, identity_in, userinfo_of
from accounts.oidc.metadata import Metadata, metadata_of
from accounts.oidc.problems import PAGES, Kind, Problem
from accounts.oidc.provider import Provider
from accounts.oidc.tokens import claims_in
from chat.errors import ChatError
from chatscape.rates import check_request

logger = logging.getLogger(__name__)
# What a provider answers instead of a code (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6).
_ERRORS = {
    "access_denied": Kind.DENIED,
    "server_error": Kind.GONE,
    "temporarily_unavailable": Kind.GONE,
    "login_required": Kind.DENIED,
    "consent_required": Kind.DENIED,
    "interaction_required": Kind.DENIED,
    "account_selection_required": Kind.DENIED,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider, to sign in, or to `process=connect` it with one's account. Only a form does."""
    provider = _provider(request, provider_id)
    connecting = request.POST.get("process") == AuthProcess.CONNECT
    if request.method != "POST":
        return render(request, "socialaccount/login.html", {"provider": provider})
    if connecting:
        # Whoever is at a session that was left open must not leave a door of their own.
        raise_if_reauthentication_required(request, app="allauth.socialaccount")
    check_request("provider", request)
    process = AuthProcess.CONNECT if connecting else AuthProcess.LOGIN
    kwargs = provider.get_redirect_from_request_kwargs(request)
    try:
        return provider.redirect(request, process, kwargs.get("next_url"))
    except Problem as problem:
        return _failed(provider, problem)


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider says of somebody, and sign them in or connect them.

    The address holds a code: every answer leads on to another one.
    """
    provider = _provider(request, provider_id)
    try:
        state = _state(request, provider)
        metadata, tokens, identity = _said(request, provider, state)
        social = provider.login_of(identity)
        social.state = state
        response: HttpResponse = complete_social_login(request, social)
    except Problem as problem:
        return _failed(provider, problem)
    except ChatError as error:
        # The person is being erased, or the like.
        return _failed(provider, Problem(Kind.FAILED, error.code))
    if state["process"] == AuthProcess.LOGIN:
        sign_out.remember(request, provider, metadata, tokens)
    return response


@require_GET
def failed(request: HttpRequest, provider_id: str, kind: str) -> HttpResponse:
    """Say what went wrong, with a way to try again and a way home."""
    provider = _provider(request, provider_id)
    try:
        page = PAGES[Kind(kind)]
    except ValueError:
        raise Http404 from None
    name = {"name": provider.name}
    context = {"provider": provider, "title": str(page.title) % name, "words": str(page.words) % name}
    response = render(request, "socialaccount/failed.html", context, status=page.status)
    if page.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "30"
    return response


def _provider(request: HttpRequest, provider_id: str) -> Provider:
    try:
        provider: Provider = get_adapter(request).get_provider(request, provider_id)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    if provider.sub_id != provider_id:
        raise Http404
    return provider


def _state(request: HttpRequest, provider: Provider) -> dict[str, Any]:
    """Return what we know of the sign-in that this answers, once: it began in this session, and lately."""
    try:
        state: dict[str, Any] = provider.unstash_redirect_state(request, request.GET.get("state", ""))
    except PermissionDenied:
        raise Problem(Kind.STALE, "no such sign-in in this session") from None
    return state


def _said(
    request: HttpRequest, provider: Provider, state: dict[str, Any]
) -> tuple[Metadata, Tokens, Identity]:
    """Return what the provider says, as far as all of it is right. Raises `Problem`."""
    try:
        metadata = metadata_of(provider.config)
        tokens = exchange(_code(request, metadata), state, metadata, provider, request)
        claims = claims_in(
            tokens.id_token,
            provider=provider.config,
            metadata=metadata,
            nonce=state["nonce"],
            access_token=tokens.access_token,
        )
        userinfo = userinfo_of(metadata, provider.config, claims, tokens.access_token)
        return metadata, tokens, identity_in(claims, userinfo, provider.config)
    except Problem:
        raise
    except Exception as error:
        # It says something that nobody has thought of: that shall end on the same page.
        raise Problem(Kind.BROKEN, f"unforeseen {type(error).__name__}") from error


def _code(request: HttpRequest, metadata: Metadata) -> str:
    """Return the code in the answer. Raises `Problem` for an error, or another provider's answer."""
    named = request.GET.get("iss")
    if named != metadata.issuer and (named is not None or metadata.names_itself):
        raise Problem(Kind.REFUSED, "another provider answers")
    if (error := request.GET.get("error")) is not None:
        # Anybody could put words into the address: only the known ones are told apart.
        raise Problem(_ERRORS.get(error, Kind.FAILED), error if error in _ERRORS else "an error of its own")
    code = request.GET.get("code", "")
    if not code:
        raise Problem(Kind.EXPIRED, "there is no code")
    return code


def _failed(provider: Provider, problem: Problem) -> HttpResponse:
    logger.warning("Sign-in with %s: %s (%s)", provider.sub_id, problem.kind.value, problem.reason)
    return redirect("oidc_failed", provider_id=provider.sub_id, kind=problem.kind.value)
