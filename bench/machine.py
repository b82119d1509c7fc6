"""The machine under the measurements: its processors, and what processes take of it."""

import contextlib
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chatscape.testing.processes import family

STARTED = time.perf_counter()


# Looked at once: within `on` there is only one.
_ALLOWED = sorted(os.sched_getaffinity(0))


def cores() -> tuple[int, int]:
    """Return the processor of the server and that of the load: two where there are two."""
    return _ALLOWED[0], _ALLOWED[-1]


@contextlib.contextmanager
def on(core: int) -> Iterator[None]:
    """Let this process, and those it starts meanwhile, run on one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def open_all_files() -> int:
    """Raise the limit of open files as far as it goes, for this process and its children; return it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def processor_seconds(pids: Iterable[int]) -> float:
    """Seconds of processor time that processes have taken so far, by the clock the kernel keeps of each."""
    taken = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            # As clock_getcpuclockid(3) has it. /proc knows hundredths of a second only.
            taken += time.clock_gettime((~pid << 3) | 2)
    return taken


def memory(pid: int) -> float:
    """KiB of memory that a process and its children have to themselves.

    Without the pages of files: some kernels take those of idle processes away, and a server that holds
    sockets at rest would seem to need less the longer it rests.
    """
    return sum(_resident(member) for member in family(pid))


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    return 0


@dataclass
class Effort:
    """What some time cost: on the clock, and in processor time of the server and of the load."""

    seconds: float = 0.0
    server: float = 0.0
    load: float = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        return Effort(self.seconds + other.seconds, self.server + other.server, self.load + other.load)

    @property
    def shares(self) -> str:
        """How busy the server's processor was, and how busy the load's: the load must have been less so."""
        return f"{self.server / self.seconds:.0%} / {self.load / self.seconds:.0%}"

    @property
    def load_kept_up(self) -> bool:
        return self.load < self.server


def meter(pid: int) -> Callable[[], Effort]:
    """Start to measure a server and its children; what this returns says what was spent since."""
    pids = family(pid)
    # The clock is read last at the beginning and first at the end: looking costs time, too.
    server, load = processor_seconds(pids), time.process_time()
    began = time.perf_counter()

    def spent() -> Effort:
        seconds, loaded = time.perf_counter() - began, time.process_time() - load
        return Effort(seconds, processor_seconds(pids) - server, loaded)

    return spent


def described() -> str:
    """Say what the figures were measured on, without naming the machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"Python {platform.python_version()}, {platform.system()}, {model}, {os.cpu_count()} processors"


def note(text: str) -> None:
    """Say how far the measurements are, and how many seconds in."""
    sys.stdout.write(f"{time.perf_counter() - STARTED:4.0f} s  {text}\n")
    sys.stdout.flush()
