"""Several processes on one port: who starts them, watches them and replaces them (docs/decisions.md).

The supervisor holds the listening socket and hands it to every worker: a connection that waits in its
queue is nobody's yet, and lost with no worker. A pair of sockets, the leash, ties each worker to it:
the worker says that it is ready or that it leaves, the supervisor tells it to leave or to end, and
either notices at once when the other is gone.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence

from chatscape.leash import ALIVE, END, LEAVE, LEAVING, READY, Post, Tally
from chatscape.metrics.board import Board

logger = logging.getLogger(__name__)

# How long a worker may take until it serves, and until it has ended when all end.
START_PATIENCE = 60.0
END_PATIENCE = 9.0
# How long a worker may take to leave, beyond the time over which its sockets are spread.
LEAVE_PATIENCE = 15.0
# How often the supervisor looks who has said nothing since (seconds), and how often in a row that means that
# an event loop hangs. Looks are counted, not seconds: whoever freezes all of them together kills nobody.
LOOK, SILENT = 5.0, 6
LAST_WORDS = 1.0
# A worker that dies young is replaced after a pause, which doubles from death to death.
YOUNG = 10.0
PAUSE_FIRST, PAUSE_MOST = 0.5, 30.0
# After so many that died at their start in a row, and nobody left who serves, there is no hope.
DEATHS = 5


class GaveUp(Exception):
    """Workers do not start; the message says so."""


class Worker:
    """A process that serves, as the supervisor sees it."""

    def __init__(self, process: "subprocess.Popen[bytes]", leash: socket.socket, slot: int) -> None:
        self.process, self.leash, self.slot = process, leash, slot
        self.started = time.monotonic()
        self.ready, self.leaving, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        # How many looks it has been silent. One of a version that never says that it is alive is left alone.
        self.silent, self.beats = 0, False
        asyncio.get_running_loop().add_reader(leash, self._heard)

    def tell(self, what: bytes) -> None:
        with contextlib.suppress(OSError):
            self.leash.send(what)

    def _heard(self) -> None:
        said = b""
        with contextlib.suppress(OSError):
            said = self.leash.recv(64)
        if READY in said:
            self.ready.set()
        if LEAVING in said:
            self.leaving.set()
        if ALIVE in said:
            self.silent, self.beats = 0, True
        if not said:
            asyncio.get_running_loop().remove_reader(self.leash)

    def buried(self, status: int) -> None:
        """The process has ended."""
        self.process.returncode = os.waitstatus_to_exitcode(status)
        asyncio.get_running_loop().remove_reader(self.leash)
        self.leash.close()
        self.ended.set()

    @property
    def how(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"


class Supervisor:
    """Keeps a number of workers serving one listening socket, until it is told to end.

    `command` with its post appended starts a worker; `serving` is called when the first ones are ready.
    SIGTERM and SIGINT end all of them, SIGHUP replaces them one after the other, and a worker that
    is asked to leave by SIGTERM is replaced, too. Their sockets leave over `spread` seconds.
    """

    def __init__(
        self,
        listener: socket.socket,
        count: int,
        command: Sequence[str],
        *,
        spread: float,
        drain: float = 0,
        serving: Callable[[], None],
    ) -> None:
        self._listener, self._count, self._command = listener, count, command
        self._spread, self._drain, self._serving = spread, drain, serving
        # While workers are replaced there are old and new ones.
        self._tally, self._board = Tally.make(2 * count), Board.make(2 * count)
        self._alive: dict[int, Worker] = {}
        self._places: list[Worker] = []
        self._deaths = 0
        self._terminal = os.isatty(0)

    def run(self) -> None:
        """Serve until the end. Raises `GaveUp`."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._end, self._roll = asyncio.Event(), asyncio.Event()
        loop.add_signal_handler(signal.SIGCHLD, self._bury)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end.set)
        work, end = asyncio.create_task(self._work()), asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait([work, end], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            end.cancel()
            work.cancel()
            await asyncio.wait([work])
            await self._end_all()

    async def _work(self) -> None:
        hired = await asyncio.gather(*(self._hire() for _ in range(self._count)))
        self._places = [worker for worker in hired if worker]
        if len(self._places) < self._count:
            raise GaveUp("The workers do not start; what they said is above.")
        self._serving()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._replace_on_demand())
                group.create_task(self._watch())
                for place in range(self._count):
                    group.create_task(self._keep(place))
        except ExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _keep(self, place: int) -> None:
        """Replace the worker of a place whenever it ends or leaves."""
        while True:
            worker = self._places[place]
            await _first(worker.ended, worker.leaving)
            if self._places[place] is not worker:
                continue
            if worker.ended.is_set():
                logger.error("Worker %s ended %s; another takes its place", worker.process.pid, worker.how)
                if time.monotonic() - worker.started < YOUNG:
                    await asyncio.sleep(PAUSE_FIRST)
            new = await self._hire_whatever_happens()
            if self._places[place] is worker:
                self._places[place] = new
            else:
                # All were replaced meanwhile: there is one too many.
                new.tell(LEAVE)
            await self._see_off(worker)

    async def _watch(self) -> None:
        """Kill workers whose event loop hangs: their sockets are served by nobody, and they do not end."""
        while True:
            await asyncio.sleep(LOOK)
            for worker in list(self._alive.values()):
                worker.silent += 1
                if worker.beats and worker.silent > SILENT:
                    logger.error("Worker %s hangs; it says where, and is killed", worker.process.pid)
                    worker.silent = 0
                    worker.process.send_signal(signal.SIGUSR1)
                    await _first(worker.ended, seconds=LAST_WORDS)
                    worker.process.kill()

    async def _replace_on_demand(self) -> None:
        """Replace all workers one after the other, whenever SIGHUP says so."""
        while True:
            await self._roll.wait()
            self._roll.clear()
            logger.info("The workers are replaced one after the other")
            for place in range(self._count):
                new = await self._hire()
                if new is None:
                    logger.error("The new worker does not start: the old ones stay")
                    break
                old, self._places[place] = self._places[place], new
                old.tell(LEAVE)
                await self._see_off(old)
            else:
                logger.info("All workers are new")

    async def _hire_whatever_happens(self) -> Worker:
        """Start a worker, again and again. Raises `GaveUp` when nobody serves any more."""
        pause = PAUSE_FIRST
        while True:
            worker = await self._hire()
            if worker:
                self._deaths = 0
                return worker
            self._deaths += 1
            if self._deaths >= DEATHS and not any(other.ready.is_set() for other in self._alive.values()):
                raise GaveUp(f"{self._deaths} workers in a row did not start; what they said is above.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_MOST)

    async def _hire(self) -> Worker | None:
        """Start a worker and return it when it serves; None when it does not."""
        worker = self._start()
        await _first(worker.ready, worker.ended, seconds=START_PATIENCE)
        if worker.ready.is_set() and not worker.ended.is_set():
            return worker
        worker.process.kill()
        await worker.ended.wait()
        logger.error("Worker %s did not start: it ended %s", worker.process.pid, worker.how)
        return None

    def _start(self) -> Worker:
        taken = {worker.slot for worker in self._alive.values()}
        slot = next((slot for slot in range(self._tally.slots) if slot not in taken), 0)
        near, far = socket.socketpair()
        tally = self._tally
        post = Post(
            self._listener.fileno(), far.fileno(), tally.descriptor, tally.slots, slot, self._board.descriptor
        )
        with far:
            process = subprocess.Popen([*self._command, str(post)], pass_fds=(*post[:3], post.board))
        near.setblocking(False)
        worker = self._alive[process.pid] = Worker(process, near, slot)
        return worker

    async def _see_off(self, worker: Worker) -> None:
        """Wait until a worker that leaves has left, but not for ever."""
        if not await _first(worker.ended, seconds=self._spread + LEAVE_PATIENCE):
            logger.error("Worker %s did not leave; it is killed", worker.process.pid)
            worker.process.kill()
            await worker.ended.wait()

    async def _end_all(self) -> None:
        """Tell all workers to end, and end those that do not."""
        workers = list(self._alive.values())
        # What the workers close, too, when they end.
        self._listener.close()
        for worker in workers:
            if worker.ready.is_set():
                worker.tell(END)
            else:
                worker.process.kill()
        until = time.monotonic() + self._drain + END_PATIENCE
        for worker in workers:
            if not await _first(worker.ended, seconds=until - time.monotonic()):
                logger.error("Worker %s did not end; it is killed", worker.process.pid)
                worker.process.kill()
                await worker.ended.wait()

    def _bury(self) -> None:
        """Learn which children have ended: workers, and as process 1 of a container anybody's."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if worker := self._alive.pop(pid, None):
                    self._tally[worker.slot] = Tally.NOBODY
                    # What it has counted stays; how it was is over.
                    self._board.bury(worker.slot)
                    worker.buried(status)

    def _hung_up(self) -> None:
        """SIGHUP asks for new workers, unless the terminal was closed: then it means the end."""
        if self._terminal:
            try:
                os.tcgetpgrp(0)
            except OSError:
                self._end.set()
                return
        self._roll.set()


async def _first(*events: asyncio.Event, seconds: float | None = None) -> bool:
    """Wait for the first of some events, but not longer than so many seconds; say whether one came."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        timeout = None if seconds is None else max(0.0, seconds)
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return any(event.is_set() for event in events)
    finally:
        for task in tasks:
            task.cancel()
