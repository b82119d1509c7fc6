"""What a provider says of itself (OpenID Connect Discovery 1.0)."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache

from accounts.oidc.config import ProviderConfig, is_safe_address
from accounts.oidc.problems import Kind, Problem
from accounts.oidc.wire import ask

LIFETIME = 300


@dataclass(frozen=True)
class Metadata:
    """The addresses and abilities of a provider; what is missing is empty."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    algorithms: frozenset[str]
    # Those of userinfo that is signed.
    userinfo_algorithms: frozenset[str]
    auth_methods: frozenset[str]
    # Empty when it does not say.
    scopes: frozenset[str]
    # Its answers name it (RFC 9207).
    names_itself: bool

    @property
    def is_like_cognito(self) -> bool:
        """Whether one signs out there in the way of Amazon Cognito, which is its own."""
        host = urlsplit(self.issuer).hostname or ""
        if host.startswith("cognito-idp.") and ".amazonaws.com" in host:
            return True
        out = urlsplit(self.end_session_endpoint).path
        return urlsplit(self.authorization_endpoint).path == "/oauth2/authorize" and out in ("", "/logout")


def metadata_of(provider: ProviderConfig, *, fresh: bool = False, seconds: float | None = None) -> Metadata:
    """Return what the provider says of itself, now, or within the last minutes unless `fresh`.

    Raises `Problem` when it cannot be reached or says what cannot be right.
    """
    key = f"oidc:metadata:{hashlib.sha256(provider.issuer.encode()).hexdigest()}"
    found = None if fresh else cache.get(key)
    if found is None:
        found = document(provider.issuer.rstrip("/") + "/.well-known/openid-configuration", seconds=seconds)
        metadata = _read(found, provider)
        cache.set(key, found, LIFETIME)
        return metadata
    return _read(found, provider)


def is_there(provider: ProviderConfig, *, seconds: float) -> bool:
    """Say whether the provider answers so soon."""
    try:
        metadata_of(provider, fresh=True, seconds=seconds)
    except Problem:
        return False
    return True


def document(url: str, *, seconds: float | None = None) -> dict[str, Any]:
    """Fetch one of the documents that a provider publishes."""
    answer = ask(url, seconds=seconds)
    if answer.status != HTTPStatus.OK:
        raise Problem(Kind.BROKEN, f"answered {answer.status} for {urlsplit(url).path}")
    return answer.json()


def _read(found: dict[str, Any], provider: ProviderConfig) -> Metadata:
    if found.get("issuer") != provider.issuer:
        # Else one provider could speak for another.
        raise Problem(Kind.BROKEN, f"names another issuer than the configured {provider.issuer}")
    endpoints = {
        name: _endpoint(found, name, provider, needed=needed)
        for name, needed in (
            ("authorization_endpoint", True),
            ("token_endpoint", True),
            ("jwks_uri", True),
            ("userinfo_endpoint", False),
            ("end_session_endpoint", False),
        )
    }
    algorithms = _words(found, "id_token_signing_alg_values_supported", "RS256")
    return Metadata(
        issuer=provider.issuer,
        algorithms=algorithms,
        userinfo_algorithms=_words(found, "userinfo_signing_alg_values_supported", *algorithms),
        auth_methods=_words(found, "token_endpoint_auth_methods_supported", "client_secret_basic"),
        scopes=_words(found, "scopes_supported"),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        **endpoints,
    )


def _endpoint(found: dict[str, Any], name: str, provider: ProviderConfig, *, needed: bool) -> str:
    value = found.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or not is_safe_address(value, beside=provider.issuer):
        raise Problem(Kind.BROKEN, f"has no usable {name}")
    return value


def _words(found: dict[str, Any], name: str, *default: str) -> frozenset[str]:
    value = found.get(name)
    if value is None:
        return frozenset(default)
    return (
        frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()
    )
