"""What a browser calls itself, in a few words: "Chrome on Android".

Nothing is decided by it: anybody can call themselves anything. The first rule that matches holds, for
most browsers also name those that they want to be taken for.
"""

import re
from typing import NamedTuple

from accounts.models import Device

_BROWSERS = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\bEdg(A|iOS)?/", "Edge"),
        (r"\b(OPR|OPT|OPiOS|OPX)/", "Opera"),
        (r"\bSamsungBrowser/", "Samsung Internet"),
        (r"\bYaBrowser/", "Yandex Browser"),
        (r"\bVivaldi/", "Vivaldi"),
        (r"\bDuckDuckGo/|\bDdg/", "DuckDuckGo"),
        (r"\b(Firefox|FxiOS)/", "Firefox"),
        (r"\b(HeadlessChrome|Chrome|CriOS|Chromium)/", "Chrome"),
        (r"\bVersion/[\d.]+ .*\bSafari/|\biP(hone|ad|od)\b.*\bAppleWebKit/", "Safari"),
    )
]
_SYSTEMS = [
    (re.compile(pattern), name, kind)
    for pattern, name, kind in (
        (r"\biPad\b", "iPad", Device.Kind.TABLET),
        (r"\biP(hone|od)\b", "iPhone", Device.Kind.PHONE),
        (r"\bAndroid\b.*\bMobile\b", "Android", Device.Kind.PHONE),
        (r"\bAndroid\b", "Android", Device.Kind.TABLET),
        (r"\bWindows\b", "Windows", Device.Kind.COMPUTER),
        (r"\bCrOS\b", "ChromeOS", Device.Kind.COMPUTER),
        (r"\bMac(intosh| OS X)\b", "Mac", Device.Kind.COMPUTER),
        (r"\b(Linux|X11)\b", "Linux", Device.Kind.COMPUTER),
    )
]
# Longer ones come from nobody's browser.
LONGEST = 512


class Named(NamedTuple):
    """The fields of a `Device` that say what it is; empty when nothing is known."""

    browser: str
    system: str
    kind: Device.Kind


def device_of(user_agent: str) -> Named:
    text = user_agent[:LONGEST]
    browser = next((name for pattern, name in _BROWSERS if pattern.search(text)), "")
    system, kind = next(
        ((name, kind) for pattern, name, kind in _SYSTEMS if pattern.search(text)), ("", Device.Kind.OTHER)
    )
    return Named(browser, system, kind)
