"""All parked sockets of a process on one epoll descriptor, which the event loop watches like one socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chat.realtime.parked import ParkedSocket

logger = logging.getLogger(__name__)

# How many ready sockets are served, and for how long, before everything else has its turn.
PORTION = 128
SLICE = 0.002

# Sockets are visited in turn, a spoke of the wheel at each tick: every one in SPOKES * TICK seconds.
TICK = 0.2
SPOKES = 25
# Ticks of silence until a socket is sent a ping, and until it is forgotten.
PING_AFTER = 75
FORGET_AFTER = 125
# Ticks are counted round and round: Python keeps such small numbers once.
ROUND = 250
PING = b"\x89\x00"
# The close code of sockets that are left at the end.
RESTARTING = 1012


class Poller:
    """Wakes parked sockets that can be read or written, and forgets those that live no more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.now = 0
        # Those with something unsent or an end to wait for.
        self.waiting: set[ParkedSocket] = set()
        self._wheel: list[dict[int, ParkedSocket]] = [{} for _ in range(SPOKES)]
        self._count = 0
        self._epoll: select.epoll | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return self._count

    def add(self, socket: ParkedSocket) -> None:
        """Begin to read from a socket. Raises `OSError`."""
        if self._epoll is None:
            self._epoll = select.epoll()
            # Not in the context of the first handshake.
            Context().run(self.loop.add_reader, self._epoll.fileno(), self._ready)
        self._epoll.register(socket.fd, select.EPOLLIN)
        self._wheel[socket.fd % SPOKES][socket.fd] = socket
        self._count += 1
        socket.alive = self.now
        if self._timer is None:
            self._timer = self.loop.call_later(TICK, self._tick, context=Context())

    def watch(self, socket: ParkedSocket, *, reading: bool, writing: bool) -> None:
        """Wait until a socket can be read or written."""
        if self._epoll is not None:
            self._epoll.modify(
                socket.fd, (select.EPOLLIN if reading else 0) | (select.EPOLLOUT if writing else 0)
            )

    def remove(self, socket: ParkedSocket) -> None:
        """Close a socket's descriptor."""
        if self._wheel[socket.fd % SPOKES].pop(socket.fd, None) is not None:
            self._count -= 1
        self.waiting.discard(socket)
        # The kernel takes it out of the epoll set.
        with contextlib.suppress(OSError):
            os.close(socket.fd)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something for a socket, at the most until the poller stops."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def sockets(self) -> list[ParkedSocket]:
        return [socket for spoke in self._wheel for socket in spoke.values()]

    async def close_all(self, code: int = RESTARTING, reason: str = "", within: float = 1.0) -> None:
        """End all sockets, and stop: those who do not say good-bye in time are cut."""
        until = time.monotonic() + within
        for socket in self.sockets():
            socket.end(code, reason)
        for task in self._tasks:
            task.cancel()
        while self._count and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for socket in self.sockets():
            socket.lose()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._epoll is not None:
            self.loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _ready(self) -> None:
        """Serve sockets that are ready; the kernel names the others first the next time."""
        if self._epoll is None:
            return
        until = time.monotonic() + SLICE
        for fd, mask in self._epoll.poll(0, PORTION):
            socket = self._wheel[fd % SPOKES].get(fd)
            if socket is None:
                continue
            try:
                if mask & select.EPOLLOUT:
                    socket.flush()
                if mask & select.EPOLLIN:
                    socket.read()
                elif mask & (select.EPOLLHUP | select.EPOLLERR):
                    socket.lose()
            except Exception:
                logger.exception("A socket was given up")
                socket.lose()
            if time.monotonic() > until:
                return

    def _tick(self) -> None:
        self.now = now = (self.now + 1) % ROUND
        self._timer = self.loop.call_later(TICK, self._tick) if self._count else None
        for socket in list(self._wheel[now % SPOKES].values()):
            silent = (now - socket.alive) % ROUND
            if silent >= PING_AFTER:
                if silent >= FORGET_AFTER:
                    socket.lose()
                else:
                    socket.ping()
        if self.waiting:
            moment = time.monotonic()
            for socket in list(self.waiting):
                socket.check(moment)
