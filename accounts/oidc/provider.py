"""What allauth calls a provider; its registry finds it here, and its addresses in `accounts.oidc.urls`."""

import secrets
from typing import Any

from allauth.account import app_settings
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.oidc.config import ProviderConfig
from accounts.oidc.identity import Identity
from accounts.oidc.leaving import lead_to
from accounts.oidc.metadata import metadata_of

# What somebody goes to a provider for who is signed in here and shall prove it once more.
AGAIN = "again"


class Account(ProviderAccount):
    """How a connected account is shown: by the email that the provider knows."""

    def to_str(self) -> str:
        return str(self.account.extra_data.get("email") or self.account.provider)


class Provider(OpenIDConnectProvider):
    """An OpenID Connect provider, asked with PKCE and a nonce every time."""

    account_class = Account

    @property
    def config(self) -> ProviderConfig:
        found: ProviderConfig = next(
            each for each in settings.OIDC_PROVIDERS if each.id == self.app.provider_id
        )
        return found

    def callback_url(self, request: HttpRequest) -> str:
        path = reverse("openid_connect_callback", kwargs={"provider_id": self.config.id})
        return absolute(request, path)

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Lead to the provider. Raises `Problem` when it is not there."""
        # Not from the cache: whoever is led to a provider that is gone is lost.
        metadata = metadata_of(self.config, fresh=True)
        pkce = generate_code_challenge()
        nonce = secrets.token_urlsafe(32)
        state = self.stash_redirect_state(
            request, process, next_url, data, pkce_code_verifier=pkce.pop("code_verifier"), nonce=nonce
        )
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self.callback_url(request),
            "scope": " ".join(self._scopes(metadata.scopes)),
            "state": state,
            "nonce": nonce,
            **pkce,
        }
        if process == AGAIN:
            # Not because they are signed in there still.
            asked |= {"prompt": "login", "max_age": str(app_settings.REAUTHENTICATION_TIMEOUT)}
        return lead_to(request, with_query(metadata.authorization_endpoint, asked), name=self.config.name)

    def login_of(self, identity: Identity) -> SocialLogin:
        """Return what allauth goes on with: no token, and of the claims what is shown."""
        account = SocialAccount(provider=self.sub_id, uid=identity.uid, extra_data={"email": identity.email})
        login = SocialLogin(
            user=User(email=identity.email, name=identity.name), account=account, provider=self
        )
        login.identity = identity
        return login

    def serialize(self) -> dict[str, Any]:
        # By its own name: two may know us by the same client id.
        return {**super().serialize(), "id": self.sub_id}

    def _scopes(self, supported: frozenset[str]) -> list[str]:
        """Return the scopes to ask for: none that the provider does not know, and groups if they matter."""
        wanted = list(self.config.scopes)
        if self.config.gives_roles and "groups" in supported and "groups" not in wanted:
            wanted.append("groups")
        return [scope for scope in wanted if not supported or scope in supported or scope == "openid"]


def provider_or_404(request: HttpRequest, provider_id: str) -> Provider:
    """Return the provider of this name. Raises `Http404`."""
    try:
        provider: Provider = get_adapter(request).get_provider(request, provider_id)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    if provider.sub_id != provider_id:
        raise Http404
    return provider


def absolute(request: HttpRequest, path: str) -> str:
    """Return the whole address of a path of ours, as providers know it."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def with_query(url: str, parameters: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


provider_classes = [Provider]
