"""The settings: whether they make sense together, and names that are ours by half."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from allauth import app_settings
from django.conf import settings
from django.core import checks

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning
from chatscape.doctor.wire import is_this_machine
from chatscape.reference import strangers

# Fewer different characters in a key are a word or a pattern.
VARIED = 10


def look(options: Options) -> Findings:
    yield ok(f"Settings can be read; state is in {settings.VAR_DIR}.")
    yield from misspelt()
    yield from _reached_by()
    yield from _debug()
    if "SECRET_KEY" not in options.broken:
        yield from _key()
    yield from _limits()
    yield from _django()


def misspelt() -> Findings:
    for name, meant in strangers(os.environ).items():
        mend = f"Did you mean {meant}?" if meant else "See docs/configuration.md for the names there are."
        yield warning(f"{name} is set, but ChatScape reads no such variable.", mend)


def _reached_by() -> Findings:
    site = urlsplit(settings.PUBLIC_URL)
    beyond = settings.HOST not in ("127.0.0.1", "::1", "localhost")
    if not site.hostname:
        text = "PUBLIC_URL is not set: links in mails and cookies are those of a laptop."
        mend = "Set PUBLIC_URL to the address people use, such as https://chat.example.org."
        yield warning(text, mend) if beyond else ok("PUBLIC_URL is not set: for this machine alone.")
    elif site.scheme == "https":
        yield ok(f"People come to {settings.PUBLIC_URL}.")
    elif not is_this_machine(site.hostname):
        yield error(
            f"{settings.PUBLIC_URL} is plain http: everybody on the way reads passwords and messages.",
            "Put a proxy with a certificate in front (docs/self-hosting.md) and set PUBLIC_URL to https://...",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield warning(
            "ALLOWED_HOSTS has a *: the server believes any name that a request gives it.",
            "List the names you use, or unset ALLOWED_HOSTS: the host of PUBLIC_URL is enough.",
        )
    hops = app_settings.TRUSTED_PROXY_COUNT
    if site.scheme == "https" and hops == 0:
        yield error(
            "TRUSTED_PROXIES is 0 behind https: all people seem to have one address, and one rate limit.",
            "Set TRUSTED_PROXIES to the number of proxies in front, usually 1 (2 with a CDN).",
        )


def _debug() -> Findings:
    if not settings.DEBUG:
        return
    text = "DEBUG is on: error pages show the code and what was in it."
    mend = "Unset DEBUG, and restart."
    yield error(text, mend) if settings.PUBLIC_URL else warning(text, mend)


def _key() -> Findings:
    kept: Path = settings.VAR_DIR / "secret_key"
    given = bool(os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"))
    key: str = settings.SECRET_KEY
    if len(set(key)) < VARIED or key.startswith("django-insecure"):
        yield error(
            "SECRET_KEY can be guessed: sessions and links could be forged.",
            "Unset it, and one is made; or give one made by: openssl rand -base64 48",
        )
    elif given:
        yield ok("SECRET_KEY is given.")
        if kept.exists() and kept.read_text().strip() != key:
            yield warning(
                f"{kept} has another key than SECRET_KEY: whoever starts without the variable uses that one.",
                f"If SECRET_KEY is the right one: rm {kept}",
            )
    else:
        yield ok(f"SECRET_KEY is kept in {kept}; keep it with your backups.")


def _limits() -> Findings:
    if not settings.LIMITS and settings.PUBLIC_URL:
        yield warning("LIMITS is off: nobody is kept from flooding the server.", "Unset LIMITS.")


def _django() -> Findings:
    """Tell what `manage.py check` tells, with `--deploy` where it is deployed."""
    deployed = settings.PUBLIC_URL.startswith("https:")
    found = [each for each in checks.run_checks(include_deployment_checks=deployed) if not each.is_silenced()]
    serious = [each for each in found if each.level >= checks.WARNING and each.id != "security.W018"]
    if not serious:
        yield ok("Django's own checks pass.")
    for each in serious:
        tell = error if each.level >= checks.ERROR else warning
        yield tell(f"{each.msg} ({each.id})", each.hint or "See: python manage.py check --deploy")
