"""Headers that answers have: what a page may do in the browser, and who may keep or embed it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.headers import Headers

from csp.constants import NONCE, NONE, SELF

# What no page of ours uses, whatever is injected into it: features that Chromium knows. Others skip them.
_FORBIDDEN = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "captured-surface-control",
    "clipboard-read",
    "compute-pressure",
    "cross-origin-isolated",
    "digital-credentials-create",
    "digital-credentials-get",
    "display-capture",
    "encrypted-media",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "local-network-access",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "private-state-token-issuance",
    "private-state-token-redemption",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
# Passkeys, and links and codes that are copied by a button.
_OURS = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS = ", ".join(
    [f"{feature}=()" for feature in _FORBIDDEN] + [f"{feature}=(self)" for feature in _OURS]
)

# A policy names its origin: nothing that would end a directive there.
_SOCKET = re.compile(r"[\w:/.%~\[\]-]+", re.ASCII)

# Answers that no view makes: health, refusals on the event loop. They hold nothing to look at.
BARE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

# Pages that nothing may keep, not even the browser for the way back: passwords, codes, links that sign in.
UNKEPT = ("/accounts/", "/admin/", "/devices/", "/join/", "/standing/")
# At the end of a session the browser forgets the pages it has kept. Not "storage": what one has typed and not
# sent waits for the same person, and who comes back finds the worker (static/js/session.js forgets the rest).
FORGET = '"cache"'


def of_files(elsewhere: bool) -> Callable[[Headers, str, str], None]:
    """Return what WhiteNoise calls for each static file; another origin serves ours too."""
    wanted = {**BARE, "Cross-Origin-Resource-Policy": "cross-origin" if elsewhere else "same-origin"}

    def add(headers: Headers, path: str, url: str) -> None:
        for name, value in wanted.items():
            headers[name] = value

    return add


def origin_of(url: str) -> list[str]:
    """Return what a policy calls the origin of an address elsewhere; nothing for a path on this one."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


def socket_address(text: str) -> str:
    """Return a path, or an address of a socket elsewhere. Raises `ValueError` for anything else."""
    parts = urlsplit(text)
    _ = parts.port
    elsewhere = parts.scheme in ("ws", "wss") and parts.hostname and "@" not in parts.netloc
    here = not parts.scheme and not parts.netloc
    if not _SOCKET.fullmatch(text) or not parts.path.startswith("/") or not (elsewhere or here):
        raise ValueError
    return text


def directives(static_origin: list[str], socket_origin: list[str]) -> dict[str, list[Any]]:
    """Return the content security policy, for django-csp."""
    return {
        "default-src": [NONE],
        "script-src": [NONCE, *static_origin],
        "style-src": [SELF, *static_origin],
        "img-src": [SELF, "data:", *static_origin],
        "font-src": [SELF, *static_origin],
        "connect-src": [SELF, *static_origin, *socket_origin],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # The two policies are those of static/js/trusted-types.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default", "chatscape"],
    }
