"""Parts of the measurements: each has its time, and one that fails does not end the others."""

import contextlib
import signal
import time
from collections.abc import Iterator

from bench.machine import STARTED, note

# Of everything together: what is not begun by then is left out.
MOST_SECONDS = 420.0


def time_left() -> float:
    """Return the seconds that are left for everything."""
    return MOST_SECONDS - (time.perf_counter() - STARTED)


@contextlib.contextmanager
def attempt(missing: dict[str, str], name: str, seconds: float) -> Iterator[None]:
    """Do a part, for so many seconds at most. What goes wrong is put into `missing`, by the part's name."""
    # When there is none left, it is late at once.
    seconds = max(0.01, min(seconds, time_left()))

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"not within {seconds:.0f} seconds")

    began, before = time.perf_counter(), signal.signal(signal.SIGALRM, late)
    outer = signal.getitimer(signal.ITIMER_REAL)[0]
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    except (ArithmeticError, AssertionError, EOFError, LookupError, OSError, RuntimeError) as error:
        missing[name] = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        note(f"{name}: not measured: {missing[name]}")
    finally:
        signal.signal(signal.SIGALRM, before)
        # One that this is a part of has its own time, of which something has passed.
        left = max(0.01, outer - (time.perf_counter() - began)) if outer else 0
        signal.setitimer(signal.ITIMER_REAL, left)
