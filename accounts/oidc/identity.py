"""Who somebody is, from what a provider says in the ID token and in userinfo."""

import hashlib
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError

from accounts.fields import EmailFormField
from accounts.names import MOST, clean_name, is_allowed, validate_name
from accounts.oidc.config import ProviderConfig
from accounts.oidc.metadata import Metadata
from accounts.oidc.problems import Kind, Problem
from accounts.oidc.tokens import is_time, signed_userinfo
from accounts.oidc.wire import ask

Claims = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """A person as their provider knows them."""

    # Of the issuer and its name for them: names are given once by each issuer, not once for all.
    uid: str
    # Empty when the provider tells none.
    email: str
    email_verified: bool
    name: str
    groups: frozenset[str]
    # When they signed in at the provider, in seconds, if it says so.
    authenticated_at: float | None = None


def userinfo_of(metadata: Metadata, provider: ProviderConfig, claims: Claims, access_token: str) -> Claims:
    """Return what the provider adds to an ID token, which may be nothing.

    Raises `Problem` when it speaks of somebody else, or fails.
    """
    if not (metadata.userinfo_endpoint and access_token):
        return {}
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
    answer = ask(metadata.userinfo_endpoint, headers=headers)
    if answer.status != HTTPStatus.OK:
        return {}
    if answer.kind == "application/jwt":
        found = signed_userinfo(answer.body.decode(errors="replace").strip(), provider, metadata)
    else:
        found = answer.json()
    if "sub" not in found:
        # It must say of whom it speaks. What does not is of nobody.
        return {}
    if found["sub"] != claims["sub"]:
        raise Problem(Kind.REFUSED, "userinfo is of somebody else")
    return found


def identity_in(claims: Claims, userinfo: Claims, provider: ProviderConfig) -> Identity:
    """Put together who somebody is; what is signed comes first."""
    sources = (claims, userinfo)
    email = next(filter(None, (_email(source) for source in sources)), "")
    said = [
        _is_true(each["email_verified"])
        for each in sources
        if _email(each) == email and "email_verified" in each
    ]
    return Identity(
        uid=hashlib.sha256(f"{provider.issuer}\n{claims['sub']}".encode()).hexdigest(),
        email=email,
        # Who says yes and no has not verified it.
        email_verified=bool(email) and (all(said) if said else provider.trust_email),
        name=next(filter(None, (_name(source) for source in sources)), "")
        or _usable(email.partition("@")[0])
        or "New",
        groups=frozenset(
            group
            for source in sources
            for claim in provider.groups_claims
            for group in _groups(source.get(claim))
        ),
        authenticated_at=float(at) if is_time(at := claims.get("auth_time")) else None,
    )


def _email(source: Claims) -> str:
    try:
        return str(
            EmailFormField().clean(source.get("email") if isinstance(source.get("email"), str) else "")
        )
    except ValidationError:
        return ""


def _is_true(value: Any) -> bool:
    """Say whether a claim is true. Cognito writes it as a string."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _groups(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [group for group in value if isinstance(group, str)] if isinstance(value, list) else []


def _name(source: Claims) -> str:
    parts = (source.get("given_name"), source.get("family_name"))
    both = " ".join(part for part in parts if isinstance(part, str))
    offered = (source.get("name"), both, source.get("nickname"), source.get("preferred_username"))
    return next(filter(None, (_usable(name) for name in offered)), "")


def _usable(name: Any) -> str:
    """Return the name as far as it is allowed here, or nothing."""
    if not isinstance(name, str):
        return ""
    composed = unicodedata.normalize("NFC", name)
    kept = clean_name("".join(char if is_allowed(char) else " " for char in composed[:500]))[:MOST].strip()
    try:
        validate_name(kept)
    except ValidationError:
        return ""
    return kept
