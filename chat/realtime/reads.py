"""How far people have read, kept for a moment, so that reading costs no write a frame.

What sockets say is written about once a second, the furthest for each person and room, all in one
transaction. A process that is killed forgets at most that second: those messages count as unread again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from uuid import UUID

from chat.actions.rooms import check_member, mark_all_read
from chat.realtime.database import in_database
from chat.realtime.groups import user_group
from chat.realtime.socket import Socket
from chat.realtime.tasks import ended, pause

logger = logging.getLogger(__name__)

EVERY = 1.0
PATIENCE = 2.0


class Reads:
    """What was read and is not written yet, by room and person."""

    def __init__(self) -> None:
        self.marks: dict[tuple[UUID, UUID], int] = {}
        # Members who read a moment ago, and how far.
        self.known: dict[tuple[UUID, UUID], int] = {}
        self.hurry = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def mark(self, user_id: UUID, room_id: UUID, sequence: int, *, joined: bool) -> None:
        """Remember that somebody has read up to `sequence`; never goes back.

        Raises `NotFound` when they are not a member. Who has joined the room is known to be one.
        """
        place = (room_id, user_id)
        if not joined and place not in self.known:
            await in_database(check_member, user_id, room_id)
        if sequence <= self.known.get(place, -1):
            return
        self.known[place] = self.marks[place] = sequence
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._write())

    def is_reading(self, user_id: UUID) -> bool:
        return any(user == user_id for _room, user in self.marks)

    async def settle(self) -> None:
        """Write what is not written yet: the process ends. It does not wait for a frozen database."""
        await ended(self.task)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._flush()

    async def _write(self) -> None:
        try:
            while self.marks:
                await pause(self.hurry, EVERY)
                await self._flush()
        finally:
            self.task = None
            self.known = {}

    async def _flush(self) -> None:
        marks, self.marks = self.marks, {}
        self.known = dict(marks)
        if not marks:
            return
        written = False
        try:
            await in_database(mark_all_read, marks)
            written = True
        except Exception as error:
            logger.warning("What was read is not saved yet: %s", type(error).__name__)
        finally:
            if not written:
                self.marks = {**marks, **self.marks}


_reads: tuple[asyncio.AbstractEventLoop, Reads] | None = None


def _running() -> Reads:
    """Return what is kept on the running event loop."""
    global _reads
    loop = asyncio.get_running_loop()
    if _reads is None or _reads[0] is not loop:
        _reads = loop, Reads()
    return _reads[1]


async def mark(user_id: UUID, room_id: UUID, sequence: int, *, joined: bool) -> None:
    """Remember from a socket how far somebody has read. See `Reads.mark`."""
    await _running().mark(user_id, room_id, sequence, joined=joined)


def left(socket: Socket) -> None:
    """Write what was read now if that was a person's last socket: their next page counts anew."""
    reads = _running()
    if user_group(socket.user_id) not in socket.hub.groups and reads.is_reading(socket.user_id):
        reads.hurry.set()


async def settle() -> None:
    """Write what is not written yet: the server stops."""
    await _running().settle()
