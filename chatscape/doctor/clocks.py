"""Whether this machine's clock agrees with others: links, sessions and sign-ins depend on it."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Finding, Findings, error, ok, warning

# More than a second is a clock nobody sets; from there on codes of apps, links and tokens are refused.
ODD, WRONG = 2.0, 30.0
MEND = "Let the clock be set: timedatectl set-ntp true (or chrony); then ask again."


def now() -> float:
    """Return this machine's time (Unix, in seconds)."""
    return time.time()


def compared(name: str, theirs: float, before: float, after: float, *, exact: float = 0.0) -> Finding:
    """Compare somebody's time with ours, asked for between two moments; it is `exact` to some seconds."""
    ahead = (before + after) / 2 - theirs
    unsure = (after - before) / 2 + exact
    off = max(0.0, abs(ahead) - unsure)
    if off < ODD:
        return ok(f"This clock agrees with that of {name}.")
    way = "ahead of" if ahead > 0 else "behind"
    text = f"This clock is {off:.0f} seconds {way} that of {name}."
    return error(text, MEND) if off >= WRONG else warning(text, MEND)


def from_header(name: str, value: str | None, before: float, after: float) -> Finding | None:
    """Compare ours with the Date of an answer (RFC 9110, 6.6.1), which has whole seconds."""
    try:
        theirs = parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError):
        return None
    return compared(name, theirs + 0.5, before, after, exact=0.5)


def look(options: Options) -> Findings:
    moment = now()
    shown = datetime.fromtimestamp(moment, UTC)
    # The code cannot be from the future.
    written = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    if moment < written - 86_400:
        yield error(f"This clock says {shown:%Y-%m-%d %H:%M} UTC, before this code was written.", MEND)
    else:
        yield ok(f"It is {shown:%Y-%m-%d %H:%M} UTC; this machine's own time zone is {time.tzname[0]}.")
