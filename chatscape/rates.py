"""How often one person, and one address, may do something. Beyond that they are asked to wait.

What happens often is counted in the memory of each process, which takes about a microsecond. What is rare,
and worth more to a nuisance, is counted for all processes together, in the cache; while the cache is gone
nobody is kept from it.
"""

import ipaddress
import math
import re
import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple, Self
from uuid import UUID

from allauth import app_settings
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.errors import RateLimited
from chatscape.env import Settings

# What one person, and one address, may do by default. Addresses have many people: offices, schools, trains.
DEFAULTS: dict[str, tuple[str | None, str | None]] = {
    "send": ("120/10s", "2000/10s"),
    "frames": ("1000/10s", None),
    # Frames that were refused: whoever goes on is disconnected.
    "flood": ("20000/1m", None),
    "connect": ("600/1m", "30000/1m"),
    "search": ("120/1m", "1200/1m"),
    # Setting out to sign in with a provider, which is asked something each time.
    "provider": (None, "120/1m"),
    "contact": ("60/1h", "1000/1h"),
    "invite": ("200/1d", "5000/1d"),
    "report": ("50/1d", "250/1d"),
    "appeal": ("10/1d", "100/1d"),
    # These three are allauth's to count (`accounts.settings`); a person is who an address of mail belongs to.
    "sign_in": ("5/5m", "10/1m"),
    "sign_up": (None, "60/1m"),
    "reset": ("5/1h", "30/1h"),
}
# Counted in the cache. The rest is too frequent to ask anybody.
SHARED = frozenset(("contact", "invite", "report", "appeal"))
# How many people or addresses are known at once, twice; more of them are forgotten before their time.
KEYS_MOST = 50_000

_RATE = re.compile(r"([1-9]\d{0,6})/([1-9]\d{0,4})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Rate(NamedTuple):
    """So many times in so many seconds."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a rate like `30/10s`; `off` is none. Raises `ValueError`."""
        if text == "off":
            return None
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError("no rate")
        return cls(int(found[1]), int(found[2]) * _SECONDS[found[3]])


class Limit(NamedTuple):
    """What holds for one person, and for one address."""

    person: Rate | None = None
    address: Rate | None = None


# What is counted, in a few words.
ABOUT = {
    "send": "messages posted and edited",
    "frames": "frames of a person's sockets",
    "flood": "of them, those that were refused; after that the socket is closed (4029)",
    "connect": "sockets opened",
    "search": "searches in contacts and conversations",
    "contact": "contacts added",
    "invite": "contacts added (each gets a mail), and links made for anybody",
    "report": "reports",
    "appeal": "objections to what moderators decided",
    "provider": "ways to a provider to sign in",
    "sign_in": "wrong passwords, for one account",
    "sign_up": "accounts asked for",
    "reset": "mails to reset the password of one account",
}


def limits_in(env: Settings) -> dict[str, Limit]:
    """Read the limits: `LIMIT_SEND` and `LIMIT_SEND_ADDRESS`, and so on. `LIMITS=off` leaves none."""

    def rate(name: str, default: str | None, about: str) -> Rate | None:
        reason = "must be like 30/10s, or off"
        return (default and env.parsed(name, default, Rate.parse, reason, about=about)) or None

    on = env.flag("LIMITS", default=True, about="`off`: nobody is limited, see [Limits](#limits)")
    limits = {
        name: Limit(
            rate(f"LIMIT_{name.upper()}", person, ABOUT[name]),
            rate(f"LIMIT_{name.upper()}_ADDRESS", address, ABOUT[name]),
        )
        for name, (person, address) in DEFAULTS.items()
    }
    return limits if on else {}


def rates_of(limit: Limit) -> str:
    """Write a limit as allauth does, where a person is a key of its own."""
    pairs = ((limit.person, "key"), (limit.address, "ip"))
    return ",".join(f"{rate.amount}/{rate.seconds}s/{per}" for rate, per in pairs if rate)


class Bucket:
    """Counts in memory, by key: any number at once up to the rate's amount, then as fast as the rate.

    Of each key it is kept when it would have been used up, had it been used evenly (GCRA). When that is over
    it says as much as no key at all: what was not written for a whole round is dropped with its dictionary.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._step = rate.seconds / rate.amount
        self._clock = clock
        self._new: dict[Hashable, float] = {}
        self._old: dict[Hashable, float] = {}
        self._round = 0.0

    def wait(self, key: Hashable) -> float:
        """Count once for this key and return 0, or do not count and return how long to wait (seconds)."""
        now = self._clock()
        if now >= self._round or len(self._new) >= KEYS_MOST:
            self._old, self._new = self._new if now < self._round + self.rate.seconds else {}, {}
            self._round = now + self.rate.seconds
        used = self._new.get(key) or self._old.get(key, now)
        used = max(used, now) + self._step
        # Rounding must not take the last one away.
        if (wait := used - now - self.rate.seconds) > 1e-6:
            return wait
        self._new[key] = used
        return 0.0

    def give_back(self, key: Hashable) -> None:
        """Do not count the last time."""
        if key in self._new:
            self._new[key] -= self._step

    def __len__(self) -> int:
        return len(self._new) + len(self._old)


_buckets: dict[str, Bucket] = {}


def wait(name: str, *, person: UUID | None = None, address: str = "") -> float:
    """Count what a person does from an address and return 0, or after how many seconds they may do it."""
    limit = settings.LIMITS.get(name)
    if limit is None:
        return 0.0
    take, give_back = (_take_shared, _give_back_shared) if name in SHARED else (_take, _give_back)
    # Numbers are compared in a fraction of the time that UUIDs take.
    who = person.int if person else 0
    if limit.person and who and (seconds := take(f"{name}.person", limit.person, who)):
        return seconds
    if limit.address is None or not address:
        return 0.0
    seconds = take(f"{name}.address", limit.address, address)
    if seconds and limit.person and who:
        # What others did at the address is not counted against the person.
        give_back(f"{name}.person", limit.person, who)
    return seconds


def check(name: str, *, person: UUID | None = None, address: str = "") -> None:
    """Count something that a person does from an address. Raises `RateLimited`."""
    if seconds := wait(name, person=person, address=address):
        raise too_fast(seconds)


def check_request(name: str, request: HttpRequest) -> None:
    """Count what a request is about to do. Raises `RateLimited`."""
    if name in settings.LIMITS:
        person = request.user.pk if request.user.is_authenticated else None
        check(name, person=person, address=address_of(request))


def too_fast(seconds: float) -> RateLimited:
    """Return the refusal that asks for some patience."""
    wait = max(1, math.ceil(seconds))
    if wait <= 90:
        words = ngettext("in %(number)s second", "in %(number)s seconds", wait) % {"number": wait}
    elif (minutes := math.ceil(wait / 60)) <= 90:
        words = ngettext("in %(number)s minute", "in %(number)s minutes", minutes) % {"number": minutes}
    else:
        hours = math.ceil(wait / 3600)
        words = ngettext("in %(number)s hour", "in %(number)s hours", hours) % {"number": hours}
    return RateLimited(_("A little slower, please. Try again %(then)s.") % {"then": words}, retry_after=wait)


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        app_settings.TRUSTED_PROXY_COUNT,
    )


def address_in(scope: dict[str, Any]) -> str:
    """Return where a socket comes from."""
    forwarded = [value.decode("latin1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    client = scope.get("client") or ("",)
    return client_address(str(client[0]), ",".join(forwarded), app_settings.TRUSTED_PROXY_COUNT)


@lru_cache(maxsize=1_000)
def client_address(peer: str, forwarded: str, proxies: int) -> str:
    """Return the address to count by, as the outermost of our proxies saw it.

    Whatever a client claims stands before what our proxies have added. Of IPv6 it is the network: everybody
    has 2^64 addresses of their own.
    """
    hops = forwarded.split(",")[-proxies:] if proxies and forwarded else []
    return _network(hops[0] if hops else peer) or _network(peer)


def _network(text: str) -> str:
    # Some proxies add the port: 192.0.2.1:5678, [2001:db8::1]:5678.
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)


def _take(name: str, rate: Rate, who: Hashable) -> float:
    bucket = _buckets.get(name)
    if bucket is None or bucket.rate is not rate:
        bucket = _buckets[name] = Bucket(rate)
    return bucket.wait(who)


def _give_back(name: str, rate: Rate, who: Hashable) -> None:
    _buckets[name].give_back(who)


def _take_shared(name: str, rate: Rate, who: Hashable) -> float:
    key, over = _window(name, rate, who)
    cache.add(key, 0, rate.seconds)
    return over if _add(key, 1) > rate.amount else 0.0


def _give_back_shared(name: str, rate: Rate, who: Hashable) -> None:
    _add(_window(name, rate, who)[0], -1)


def _window(name: str, rate: Rate, who: Hashable) -> tuple[str, float]:
    """Return where to count now, and how long: all processes agree. Nobody can read there who did what."""
    now = time.time()
    window = int(now // rate.seconds)
    digest = salted_hmac("chatscape.rates", f"{name}:{who}:{rate}:{window}").hexdigest()
    return f"rates:{digest}", (window + 1) * rate.seconds - now


def _add(key: str, number: int) -> int:
    try:
        return cache.incr(key, number)
    except ValueError:
        # It has just been forgotten.
        return 0
