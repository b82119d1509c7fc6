"""Headers that answers have: what a page may do in the browser, and who may keep or embed it."""

from collections.abc import Callable
from typing import Any
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


def directives(static_origin: list[str]) -> dict[str, list[Any]]:
    """Return the content security policy, for django-csp."""
    return {
        "default-src": [NONE],
        "script-src": [NONCE, *static_origin],
        "style-src": [SELF, *static_origin],
        "img-src": [SELF, "data:", *static_origin],
        "font-src": [SELF, *static_origin],
        "connect-src": [SELF, *static_origin],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # The two policies are those of static/js/trusted-types.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default", "chatscape"],
    }
