"""The providers that people sign in with: what they say of themselves, and their clocks."""

from http.client import HTTPException

from django.conf import settings

from accounts.oidc.config import ProviderConfig
from accounts.oidc.metadata import document, metadata_of
from accounts.oidc.problems import Problem
from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning
from chatscape.doctor.wire import ask, why


def look(options: Options) -> Findings:
    if not settings.OIDC_PROVIDERS:
        yield ok("No provider is configured; people have local accounts.")
    for provider in settings.OIDC_PROVIDERS:
        yield from _provider(provider)
    if settings.OIDC_PROVIDERS and not settings.PUBLIC_URL:
        yield warning(
            "Providers lead people back to the address they came by, which others can choose.",
            "Set PUBLIC_URL, and tell each provider <PUBLIC_URL>/accounts/oidc/<name>/login/callback/.",
        )


def _provider(provider: ProviderConfig) -> Findings:
    prefix = "OIDC_" if provider.id == "sso" else f"OIDC_{provider.id.upper().replace('-', '_')}_"
    where = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        answer = ask(where, headers={"Accept": "application/json"})
    except (OSError, HTTPException) as problem:
        yield error(
            f"{provider.name} cannot be reached: {why(problem)}.",
            f"See that {prefix}ISSUER is right, and that this machine may go there.",
        )
        return
    if finding := answer.clock(provider.name):
        yield finding
    try:
        metadata = metadata_of(provider, fresh=True)
        keys = document(metadata.jwks_uri).get("keys")
    except Problem as problem:
        yield error(
            f"{provider.name}: {problem.reason}.",
            f"{prefix}ISSUER must be what {where} names as its issuer, to the letter.",
        )
        return
    if not keys:
        yield error(f"{provider.name} publishes no keys.", "See the provider's own configuration.")
    else:
        yield ok(f"{provider.name} says who it is, and has {len(keys)} keys.")
