"""The keys that a provider signs with (RFC 7517)."""

import hashlib
from typing import Any

from django.core.cache import cache
from jwt import PyJWK, register_algorithm
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import PyJWKError, PyJWTError

from accounts.oidc.metadata import LIFETIME, Metadata, document
from accounts.oidc.problems import Kind, Problem

# Which kind of key each algorithm needs. What uses a shared secret, or none, is not among them.
KINDS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    # The second is the newer name of the first (RFC 9864).
    "EdDSA": "OKP",
    "Ed25519": "OKP",
}
MOST = 50
RSA_LEAST = 2048
register_algorithm("Ed25519", OKPAlgorithm())


def keys_for(metadata: Metadata, *, algorithm: str, kid: str | None, fresh: bool) -> list[Any]:
    """Return the provider's keys that may have signed: of the last minutes, or of now if `fresh`."""
    key = f"oidc:keys:{hashlib.sha256(metadata.jwks_uri.encode()).hexdigest()}"
    found = None if fresh else cache.get(key)
    if found is None:
        found = document(metadata.jwks_uri).get("keys")
        if not isinstance(found, list) or len(found) > MOST:
            raise Problem(Kind.BROKEN, "publishes no usable keys")
        cache.set(key, found, LIFETIME)
    usable = (_key(each, algorithm) for each in found if _may_sign(each, algorithm, kid))
    return [each for each in usable if each is not None]


def _may_sign(jwk: Any, algorithm: str, kid: str | None) -> bool:
    return (
        isinstance(jwk, dict)
        and jwk.get("kty") == KINDS[algorithm]
        and jwk.get("use", "sig") == "sig"
        and (jwk.get("alg", algorithm) == algorithm or KINDS[algorithm] == "OKP")
        and (kid is None or jwk.get("kid") == kid)
    )


def _key(jwk: dict[str, Any], algorithm: str) -> Any:
    # Only what is public, whatever else is published by mistake.
    public: dict[str, Any] = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    kind = KINDS[algorithm]
    try:
        key = PyJWK(public, "EdDSA" if kind == "OKP" else algorithm).key
    except (PyJWKError, PyJWTError, ValueError, TypeError, KeyError):
        return None
    if algorithm == "Ed25519" and public.get("crv") != algorithm:
        return None
    return key if kind != "RSA" or key.key_size >= RSA_LEAST else None
