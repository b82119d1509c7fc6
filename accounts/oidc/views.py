"""The way to a provider and back."""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.providers.base import AuthProcess
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.oidc import sign_out
from accounts.oidc.again import came_again
from accounts.oidc.exchange import Tokens, exchange
from accounts.oidc.failing import failed_page
from accounts.oidc.identity import Identity, identity_in, userinfo_of
from accounts.oidc.metadata import Metadata, metadata_of
from accounts.oidc.problems import Kind, Problem
from accounts.oidc.provider import AGAIN, Provider, provider_or_404
from accounts.oidc.tokens import claims_in
from chat.errors import ChatError
from chatscape.rates import check_request

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
    provider = provider_or_404(request, provider_id)
    connecting = request.POST.get("process") == AuthProcess.CONNECT
    if request.method != "POST":
        return render(request, "socialaccount/login.html", {"provider": provider})
    if connecting:
        # Whoever is at a session that was left open must not leave a door of their own.
        raise_if_reauthentication_required(request, app="allauth.socialaccount")
    check_request("provider", request)
    process = AuthProcess.CONNECT if connecting else AuthProcess.LOGIN
    next_url = provider.get_redirect_from_request_kwargs(request).get("next_url")
    try:
        return provider.redirect(request, process, next_url)
    except Problem as problem:
        return failed_page(provider, problem, {"process": process, "next": next_url})


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider says of somebody, and sign them in or connect them.

    The address holds a code: every answer leads on to another one.
    """
    provider, state = provider_or_404(request, provider_id), dict[str, Any]()
    try:
        state = _state(request, provider)
        metadata, tokens, identity = _said(request, provider, state)
        if state["process"] == AGAIN:
            return came_again(request, provider, identity, state)
        social = provider.login_of(identity)
        social.state = state
        response: HttpResponse = complete_social_login(request, social)
    except Problem as problem:
        return failed_page(provider, problem, state)
    except ChatError as error:
        # The person is being erased, or the like.
        return failed_page(provider, Problem(Kind.FAILED, error.code), state)
    if state["process"] == AuthProcess.LOGIN:
        sign_out.remember(request, provider, metadata, tokens)
    return response


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
