"""ID tokens: what a provider says of somebody, signed (OpenID Connect Core 1.0, 3.1.3.7)."""

import hashlib
import hmac
import math
import time
from collections.abc import Sequence
from typing import Any, TypeGuard

import jwt
from jwt.utils import base64url_encode

from accounts.oidc.config import ProviderConfig
from accounts.oidc.keys import KINDS, keys_for
from accounts.oidc.metadata import Metadata
from accounts.oidc.problems import Kind, Problem

# Clocks differ a little. An end is an end, though: tokens live for minutes, and are read at once.
SECONDS_EXPIRED, SECONDS_AHEAD = 5, 60
USERINFO = ("iss", "sub", "aud")
ID_TOKEN = (*USERINFO, "exp", "iat")


def claims_in(
    token: Any, *, provider: ProviderConfig, metadata: Metadata, nonce: str, access_token: str
) -> dict[str, Any]:
    """Return what a fresh ID token says, if all of it is right.

    1. It is signed with a public key of this provider, in a way the provider has announced. Keys are fetched
       once more when none of those known has signed it.
    2. It was issued by this provider, for us, now, and is the answer to this sign-in's `nonce`.
    3. It belongs to the access token that came with it, if it says to which.

    Raises `Problem` otherwise.
    """
    if not isinstance(token, str):
        raise _refused("there is no ID token")
    claims, algorithm = _signed(token, provider, metadata, metadata.algorithms, ID_TOKEN)
    if not _same(claims.get("nonce"), nonce.encode()):
        raise _refused("the nonce is another one")
    _check_audience(claims, provider)
    for name in ("iat", "nbf"):
        value = claims.get(name, 0)
        if not is_time(value) or value > time.time() + SECONDS_AHEAD:
            raise _refused(f"{name} is in the future")
    if not is_time(claims["exp"]):
        raise _refused("exp is no time")
    if not claims["sub"] or len(claims["sub"]) > 255 or not claims["sub"].isprintable():
        raise _refused("sub is no identifier")
    if "at_hash" in claims and not _belongs(claims["at_hash"], access_token, algorithm):
        raise _refused("at_hash is of another access token")
    return claims


def signed_userinfo(token: str, provider: ProviderConfig, metadata: Metadata) -> dict[str, Any]:
    """Return what userinfo says that is signed (5.3.2): by this provider, and for us. Raises `Problem`."""
    claims, _algorithm = _signed(token, provider, metadata, metadata.userinfo_algorithms, USERINFO)
    return claims


def _signed(
    token: str,
    provider: ProviderConfig,
    metadata: Metadata,
    algorithms: frozenset[str],
    needed: Sequence[str],
) -> tuple[dict[str, Any], str]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("the token cannot be read") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms & KINDS.keys():
        raise _refused("the token is signed in a way that is not allowed or not announced")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise _refused("the token is one of another kind")
    for fresh in (False, True):
        for key in keys_for(metadata, algorithm=algorithm, kid=kid, fresh=fresh):
            try:
                return _decoded(token, key, algorithm, provider, needed), algorithm
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
                raise _refused(type(error).__name__) from None
    raise _refused("no key of the provider has signed the token")


def _decoded(
    token: str, key: Any, algorithm: str, provider: ProviderConfig, needed: Sequence[str]
) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        issuer=provider.issuer,
        audience=provider.client_id,
        leeway=SECONDS_EXPIRED,
        # The others are checked above, with another tolerance.
        options={"require": list(needed), "verify_iat": False, "verify_nbf": False},
    )


def _check_audience(claims: dict[str, Any], provider: ProviderConfig) -> None:
    several = isinstance(claims["aud"], list) and set(claims["aud"]) != {provider.client_id}
    if (several or "azp" in claims) and claims.get("azp") != provider.client_id:
        raise _refused("it was issued to another party")


def is_time(value: Any) -> TypeGuard[float]:
    """Say whether a claim is a moment, in seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _belongs(at_hash: Any, access_token: str, algorithm: str) -> bool:
    # That of the signature; Ed25519 has SHA-512 inside.
    size = "512" if KINDS[algorithm] == "OKP" else algorithm[2:]
    digest = hashlib.new(f"sha{size}", access_token.encode()).digest()
    half = base64url_encode(digest[: len(digest) // 2])
    return isinstance(at_hash, str) and _same(at_hash.rstrip("="), half)


def _same(said: Any, known: bytes) -> bool:
    # What is half a character, or no text, is nothing that we know.
    return isinstance(said, str) and hmac.compare_digest(said.encode(errors="replace"), known)


def _refused(reason: str) -> Problem:
    return Problem(Kind.REFUSED, reason)
