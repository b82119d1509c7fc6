"""How many connections a process may hold, and how often its memory is looked through."""

import contextlib
import gc
import resource
from typing import NamedTuple

# For the database, Redis, files, threads and whatever libraries open.
RESERVE = 100
# Fewer connections than this surprise whoever has more than a few people.
FEW = 1024
# New objects before the garbage collector looks at the youngest; how often it then looks at the rest.
THRESHOLDS = (50_000, 20, 50)


class Capacity(NamedTuple):
    """How many connections this process may hold."""

    connections: int

    @property
    def low(self) -> bool:
        return self.connections < FEW

    def __str__(self) -> str:
        return (
            f"Up to {self.connections:,} connections a process. For more raise the limit of open files "
            "(ulimit -Hn, LimitNOFILE=) or add workers."
        )


def raise_file_limit() -> Capacity:
    """Let this process, and those it starts, open as many files as it may; say what that means."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems say "unlimited" and refuse it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 1_000_000 if soft == resource.RLIM_INFINITY else soft
    return Capacity(max(files - RESERVE, files // 2))


def settle_memory() -> None:
    """Take what start-up has made out of the garbage collector's sight: it lives as long as the process.

    Otherwise a full collection looks at every module, class and template in the midst of a fan-out.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
