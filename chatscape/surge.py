"""More people than this process can serve at once: some are asked, early and cheaply, to come back."""

import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from django.conf import settings

from chatscape.metrics import catalogue

# Handshakes that come together are let in together, up to so many seconds' worth.
BURST_SECONDS = 2
# Those who are refused come back spread over these seconds; later when there is no room at all.
COME_BACK = (2.0, 6.0)
COME_BACK_TO_FULL = (10.0, 30.0)
# How long a request may wait for a thread.
PAGE_PATIENCE = 4.0

Clock = Callable[[], float]


class Gate:
    """Bounds the handshakes of sockets: how many a second, how many at once, how many files."""

    def __init__(self, rate: int, clock: Clock = time.monotonic) -> None:
        self.rate = rate
        # Descriptors beyond this one are kept for the database, Redis, pages and files; 0: no bound.
        self.last_descriptor = 0
        # Handshakes that wait for their check. Whoever was admitted is put in and taken out by the server.
        self.shaking: set[Any] = set()
        self._clock = clock
        self._allowed = float(rate * BURST_SECONDS)
        self._at = clock()

    def admit(self, descriptor: int = 0) -> float | None:
        """Count a handshake that comes in over a file descriptor, before it costs anything.

        Return None when it may go on, else after how many seconds the client shall try again.
        """
        # The kernel gives the lowest free descriptor: a high one says that all others are taken.
        if 0 < self.last_descriptor < descriptor:
            catalogue.handshakes.add("full")
            return random.uniform(*COME_BACK_TO_FULL)  # noqa: S311 - no secret
        now = self._clock()
        self._allowed = min(self._allowed + (now - self._at) * self.rate, float(self.rate * BURST_SECONDS))
        self._at = now
        if self._allowed < 1 or len(self.shaking) >= self.rate:
            catalogue.handshakes.add("busy")
            return random.uniform(*COME_BACK)  # noqa: S311 - no secret
        self._allowed -= 1
        return None


class Line:
    """The requests that wait for a thread. The loop lets them in, a thread takes the first one out."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._since: deque[float] = deque()
        self._clock = clock

    def enter(self) -> float | None:
        """Return None for a request that may wait, else after how many seconds to try again."""
        now = self._clock()
        # A thread may take the last one at any moment.
        with contextlib.suppress(IndexError):
            if now - self._since[0] > PAGE_PATIENCE:
                catalogue.pages_refused.add()
                return random.uniform(*COME_BACK)  # noqa: S311 - no secret
        self._since.append(now)
        return None

    def leave(self) -> None:
        """A thread takes the first request."""
        self._since.popleft()


gate = Gate(settings.CONNECTS_PER_SECOND)
admit = gate.admit
