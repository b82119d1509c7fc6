"""What ties a worker to its supervisor and to the other workers (chatscape/workers.py)."""

import asyncio
import contextlib
import faulthandler
import mmap
import signal
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, Self

from chatscape.metrics.board import Board, shared_memory

# What a worker says: once each, and as long as its event loop turns.
READY, LEAVING, ALIVE = b"r", b"l", b"."
# How often it says the last (seconds).
BEAT = 2.0
# What it is told.
LEAVE, END = b"d", b"e"
# A worker with so many more sockets than another, or an eighth more, leaves new ones to it.
UNEVEN, SHARE = 8, 8


class Tally:
    """How many sockets each worker holds: a little memory that all of them share."""

    NOBODY = -1
    _COUNT = struct.Struct("=i")

    def __init__(self, descriptor: int, slots: int) -> None:
        self.descriptor, self.slots = descriptor, slots
        self._memory = mmap.mmap(descriptor, slots * self._COUNT.size)

    @classmethod
    def make(cls, slots: int) -> Self:
        tally = cls(shared_memory(slots * cls._COUNT.size), slots)
        for slot in range(slots):
            tally[slot] = cls.NOBODY
        return tally

    def __getitem__(self, slot: int) -> int:
        (count,) = self._COUNT.unpack_from(self._memory, slot * self._COUNT.size)
        return int(count)

    def __setitem__(self, slot: int, count: int) -> None:
        self._COUNT.pack_into(self._memory, slot * self._COUNT.size, count)

    def least(self, but: int) -> int | None:
        """The smallest count of the others; None when there are no others."""
        counts = [self[slot] for slot in range(self.slots) if slot != but]
        return min((count for count in counts if count != self.NOBODY), default=None)

    def close(self) -> None:
        self._memory.close()

    def total(self) -> int:
        return sum(max(0, self[slot]) for slot in range(self.slots))


class Post(NamedTuple):
    """What a worker is given: four file descriptors, and its place in the tally and on the board."""

    listener: int
    leash: int
    tally: int
    slots: int
    slot: int
    board: int = -1

    def __str__(self) -> str:
        return ",".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote. Raises `ValueError`."""
        return cls(*map(int, text.split(",")))


class Leash:
    """A worker's end."""

    def __init__(self, post: Post) -> None:
        self.listener = socket.socket(fileno=post.listener)
        self._socket = socket.socket(fileno=post.leash)
        self._socket.setblocking(False)
        self._tally, self._slot = Tally(post.tally, post.slots), post.slot
        self.board = None if post.board < 0 else Board(post.board, post.slots)

    def hold(self, leave: Callable[[], None], end: Callable[[], None]) -> None:
        """Say that this worker serves, and hear when it has to leave, or to end as the supervisor has."""

        def heard() -> None:
            told = b""
            with contextlib.suppress(OSError):
                told = self._socket.recv(64)
            if LEAVE in told:
                leave()
            if END in told or not told:
                end()
            if not told:
                asyncio.get_running_loop().remove_reader(self._socket)

        asyncio.get_running_loop().add_reader(self._socket, heard)
        # Where a worker hangs is worth a look, before it is killed for it.
        with contextlib.suppress(RuntimeError, OSError):
            faulthandler.register(signal.SIGUSR1)
        self._say(READY)
        self._beat()

    def _beat(self) -> None:
        self._say(ALIVE)
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def leaving(self) -> None:
        """Say that this worker takes no more connections: it wants to be replaced."""
        self._tally[self._slot] = Tally.NOBODY
        self._say(LEAVING)

    def count(self, sockets: int) -> bool:
        """Note how many sockets this worker has; say whether another should take the next ones."""
        self._tally[self._slot] = sockets
        least = self._tally.least(but=self._slot)
        return least is not None and sockets > least + max(UNEVEN, least // SHARE)

    @property
    def slot(self) -> int:
        """This worker's place."""
        return self._slot

    @property
    def sockets(self) -> int:
        """How many sockets all workers have together."""
        return self._tally.total()

    def close(self) -> None:
        """Let go of everything."""
        self.listener.close()
        self._socket.close()
        self._tally.close()

    def _say(self, what: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.send(what)
