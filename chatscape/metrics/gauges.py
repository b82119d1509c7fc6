"""How this process is at the moment, read when somebody asks."""

import os
import platform
import resource
import time
from collections.abc import Iterator, Sized
from pathlib import Path

import django
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

import chatscape
from chat.realtime import database, door, posting
from chat.realtime.hub import running_hub
from chatscape.metrics import catalogue
from chatscape.metrics.snapshots import Reading
from chatscape.surge import gate

_PAGE = os.sysconf("SC_PAGE_SIZE")
STARTED = time.time()


class Queued:
    """What the application tells us, as we cannot know it."""

    pages: Sized = ()


queued = Queued()


def readings(worker: str) -> Iterator[Reading]:
    """Read everything of this process, without waiting for anything. From any thread."""
    yield from _process(worker)
    yield from _sockets(worker)
    yield from _database(worker)


def connected() -> int:
    """Return how many sockets this process has."""
    hub = running_hub()
    return len(hub.sockets) if hub else 0


def _process(worker: str) -> Iterator[Reading]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    versions = (chatscape.__version__, platform.python_version(), django.get_version())
    yield catalogue.build, (worker, *versions), 1
    yield catalogue.started, (worker,), STARTED
    yield catalogue.reported, (worker,), time.time()
    yield catalogue.cpu, (worker,), used.ru_utime + used.ru_stime
    yield catalogue.most_files, (worker,), soft
    yield catalogue.memory, (worker,), _memory(used.ru_maxrss)
    yield catalogue.open_files, (worker,), _open_files()


def _sockets(worker: str) -> Iterator[Reading]:
    queues = {
        "posts": posting.waiting(),
        "handshakes": len(gate.shaking) + door.waiting(),
        "database": database.waiting(),
        "pages": len(queued.pages),
    }
    hub = running_hub()
    if hub:
        parked = len(hub.poller)
        # Those that end are parked, but not the hub's any more.
        yield catalogue.connections, (worker, "parked"), parked
        yield catalogue.connections, (worker, "daphne"), max(0, len(hub.sockets) - parked)
        # A copy at one stroke: the loop goes on meanwhile. A socket may have written everything by now.
        behind = [waits for socket in list(hub.poller.waiting) if (waits := socket.backlog) is not None]
        yield catalogue.backlogged, (worker,), len(behind)
        yield catalogue.backlog, (worker,), sum(waits.size for waits in behind)
        if not hub.link.alone:
            queues["layer"] = hub.link.waiting
            yield catalogue.layer_up, (worker,), int(hub.link.healthy)
    for queue, length in queues.items():
        yield catalogue.queues, (worker, queue), length


def _database(worker: str) -> Iterator[Reading]:
    wrapper = connections["default"]
    pools = getattr(wrapper, "_connection_pools", None)
    pool = pools.get(wrapper.alias) if pools and isinstance(wrapper, BaseDatabaseWrapper) else None
    if pool is None:
        return
    stats = pool.get_stats()
    idle = stats.get("pool_available", 0)
    yield catalogue.database, (worker, "idle"), idle
    yield catalogue.database, (worker, "used"), stats.get("pool_size", 0) - idle
    yield catalogue.database_waiting, (worker,), stats.get("requests_waiting", 0)


def _memory(most: int) -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except OSError:
        # Elsewhere than on Linux: the most there was.
        return most * 1024


def _open_files() -> float:
    try:
        # Linux since 6.2 says how many there are; counting tens of thousands takes milliseconds.
        return Path("/proc/self/fd").stat().st_size or sum(1 for _file in Path("/proc/self/fd").iterdir())
    except OSError:
        return 0
