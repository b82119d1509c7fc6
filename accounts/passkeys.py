"""Where passkeys work: a browser binds them to a name, and asks for a safe connection."""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class Passkeys:
    """What passkeys are bound to, whether they work at the address that was asked for, or where they do."""

    domain: str
    work: bool
    # The address of the same page where they would work; empty when there is none.
    instead: str = ""


def passkeys_at(request: HttpRequest) -> Passkeys:
    """Say whether the person who asks can use passkeys here.

    With a `PUBLIC_URL` its name is the only one: a passkey made under another would be lost there.
    """
    scheme = "https" if request.is_secure() else "http"
    asked = urlsplit(f"{scheme}://{request.get_host()}")
    public = urlsplit(settings.PUBLIC_URL) if settings.PUBLIC_URL else asked
    domain = public.hostname or ""
    if _may_have(public.scheme, domain):
        if (asked.scheme, asked.hostname) == (public.scheme, domain):
            return Passkeys(domain, work=True)
        return Passkeys(domain, work=False, instead=settings.PUBLIC_URL + request.path)
    if _is_loopback(domain):
        port = f":{public.port}" if public.port else ""
        return Passkeys(domain, work=False, instead=f"{scheme}://localhost{port}{request.path}")
    return Passkeys(domain, work=False)


class PasskeysMixin:
    """Let a page know whether passkeys work."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, "passkeys": passkeys_at(self.request)}


def _may_have(scheme: str, domain: str) -> bool:
    # Browsers trust this machine without TLS, but only by its name.
    return domain == "localhost" or (scheme == "https" and not _is_address(domain))


def _is_address(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True


def _is_loopback(domain: str) -> bool:
    return _is_address(domain) and ipaddress.ip_address(domain).is_loopback
