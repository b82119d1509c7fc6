"""This process's part: it writes its numbers where all workers read them, and a line for CloudWatch."""

import asyncio
import json
import sys
import time
from collections import deque
from threading import Lock

from django.conf import settings

from chatscape.metrics import catalogue
from chatscape.metrics.board import Board
from chatscape.metrics.snapshots import Reading, Snapshot, taken

# How often numbers are written, and the loop is asked whether it is late (seconds).
EVERY, BEAT = 2.0, 0.5
LATELY = 10.0


class Reporter:
    """Of a worker with its place on the board, or of a process alone."""

    def __init__(self) -> None:
        self.board: Board | None = None
        self.slot = 0
        self._lock = Lock()
        self._late: deque[tuple[float, float]] = deque()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, if anybody reads. On the event loop."""
        if settings.METRICS_TOKEN or settings.METRICS_LOG_NAMESPACE:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Write for the last time."""
        if self._task:
            self._task.cancel()
            self.write()

    def read(self) -> list[Snapshot]:
        """Return what this process and all others say."""
        if self.board is None:
            return [self._taken()]
        self.write()
        return self.board.read()

    def write(self) -> None:
        """Write what this process says, so that others can tell it. From any thread."""
        if self.board:
            with self._lock:
                self.board.write(self.slot, self._taken())

    def _taken(self) -> Snapshot:
        from chatscape.metrics.gauges import readings

        worker = str(self.slot)
        lag: Reading = (
            catalogue.loop_lag,
            (worker,),
            max((late for _at, late in list(self._late)), default=0.0),
        )
        return taken([*readings(worker), lag])

    async def _run(self) -> None:
        now = time.monotonic()
        written, logged = 0.0, now
        while True:
            await asyncio.sleep(BEAT)
            before, now = now, time.monotonic()
            self._late.append((now, now - before - BEAT))
            while now - self._late[0][0] > LATELY:
                self._late.popleft()
            if settings.METRICS_TOKEN and now - written >= EVERY:
                written = now
                self.write()
            if settings.METRICS_LOG_NAMESPACE and now - logged >= settings.METRICS_LOG_SECONDS:
                logged += settings.METRICS_LOG_SECONDS
                sys.stdout.write(embedded() + "\n")
                sys.stdout.flush()


def embedded() -> str:
    """Return a line of CloudWatch's Embedded Metric Format: how many sockets this process has."""
    from chatscape.metrics.gauges import connected

    metric = {
        "Namespace": settings.METRICS_LOG_NAMESPACE,
        "Dimensions": [["Service"]],
        "Metrics": [{"Name": "Connections", "Unit": "Count"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]},
            "Service": settings.METRICS_LOG_SERVICE,
            "Connections": connected(),
        }
    )


reporter = Reporter()
