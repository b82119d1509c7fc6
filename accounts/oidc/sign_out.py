"""Signing out, here and then at the provider (OpenID Connect RP-Initiated Logout 1.0, and Cognito's way)."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.account import views as allauth
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.oidc.config import ProviderConfig
from accounts.oidc.exchange import Tokens
from accounts.oidc.leaving import lead_to
from accounts.oidc.metadata import Metadata, is_there
from chatscape.headers import FORGET

if TYPE_CHECKING:
    from accounts.oidc.provider import Provider

SESSION_KEY = "oidc_sign_out"
# Longer ones, of people in hundreds of groups, make addresses that servers refuse.
HINT_MOST = 4000
# Seconds in which a provider must answer somebody who signs out.
PATIENCE = 2.0


def remember(request: HttpRequest, provider: "Provider", metadata: Metadata, tokens: Tokens) -> None:
    """Keep the way to sign out at the provider in the session of whoever has just signed in."""
    url = sign_out_url(request, provider, metadata, tokens.id_token)
    signing_in = request.user.is_authenticated or "account_login" in request.session
    if url and signing_in:
        request.session[SESSION_KEY] = [provider.config.id, url]


def sign_out_url(request: HttpRequest, provider: "Provider", metadata: Metadata, id_token: str) -> str:
    """Return where one signs out at the provider, or nothing when it has no such place."""
    from accounts.oidc.provider import absolute, with_query

    home, client_id = absolute(request, reverse("home")), provider.config.client_id
    if metadata.is_like_cognito:
        parts = urlsplit(metadata.authorization_endpoint)
        out = metadata.end_session_endpoint or f"{parts.scheme}://{parts.netloc}/logout"
        return with_query(out, {"client_id": client_id, "logout_uri": home})
    if not metadata.end_session_endpoint:
        return ""
    asked = {"client_id": client_id, "post_logout_redirect_uri": home}
    if len(id_token) <= HINT_MOST:
        asked["id_token_hint"] = id_token
    return with_query(metadata.end_session_endpoint, asked)


class LogoutView(allauth.LogoutView):
    """Sign out; who came through a provider is signed out there, too, unless it is gone."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        # Taken out: who stops before the second factor keeps the session, which is nobody's.
        provider, url = self._provider()
        response: HttpResponse = super().post(*args, **kwargs)
        if provider is None:
            return response
        if is_there(provider, seconds=PATIENCE):
            response = lead_to(self.request, url, name=provider.name, out=True)
            response["Clear-Site-Data"] = FORGET
        else:
            # Whoever is led there is lost.
            words = _("%(name)s cannot be reached. You are signed out here; sign out there later, too.")
            messages.warning(self.request, words % {"name": provider.name})
        return response

    def _provider(self) -> tuple[ProviderConfig | None, str]:
        id, url = self.request.session.pop(SESSION_KEY, None) or ("", "")
        # Not to one that is not configured any more.
        return next((each for each in settings.OIDC_PROVIDERS if each.id == id), None), url
