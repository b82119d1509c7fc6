"""Run all checks at once, each by itself and for so long and no longer."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from chatscape.doctor.findings import Finding, Findings, error


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    deep: bool = False
    mail_to: str = ""
    # Variables whose value was bad.
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Check:
    """One part that is looked at."""

    name: str
    look: Callable[[Options], Findings]
    # Variables without which there is nothing to look at.
    needs: tuple[str, ...] = ()
    seconds: float = 20
    # With --deep, which reads whole tables.
    deep_seconds: float = 20


class Run(threading.Thread):
    """A check on its way; what it has found so far counts whatever becomes of it."""

    def __init__(self, check: Check, options: Options) -> None:
        super().__init__(name=f"doctor-{check.name}", daemon=True)
        self.check, self.options = check, options
        self.found: list[Finding] = []

    def run(self) -> None:
        try:
            for finding in self.check.look(self.options):
                self.found.append(finding)
        except Exception as problem:
            self.found.append(
                error(
                    f"Looking at this failed: {type(problem).__name__}: {problem}",
                    "Report this as a bug, with the lines above.",
                )
            )
        finally:
            _close_connections()


def examine(checks: Iterable[Check], options: Options) -> Iterator[Finding]:
    """Return what all checks find, in their order."""
    began = time.monotonic()
    runs: list[Run | Check] = []
    for check in checks:
        if options.broken & set(check.needs):
            runs.append(check)
            continue
        run = Run(check, options)
        run.start()
        runs.append(run)
    for each in runs:
        if isinstance(each, Check):
            name = ", ".join(sorted(options.broken & set(each.needs)))
            yield Finding("error", "Not looked at.", f"Mend {name} first, then ask again.", each.name)
            continue
        yield from (replace(finding, check=each.check.name) for finding in _outcome(each, began))


def _outcome(run: Run, began: float) -> Sequence[Finding]:
    limit = run.check.deep_seconds if run.options.deep else run.check.seconds
    run.join(max(0.0, began + limit - time.monotonic()))
    found = list(run.found)
    if run.is_alive():
        found.append(
            error(
                f"No answer within {limit:.0f} seconds.",
                "Something hangs: see whether its server runs, and what is between it and this machine.",
            )
        )
    return found


def _close_connections() -> None:
    from django.db import connections

    try:
        connections.close_all()
    except Exception:
        # What is broken was told already.
        return
