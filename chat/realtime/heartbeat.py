"""Tell every socket the latest revisions of its rooms.

A socket that missed events, for whatever reason, learns it here and catches up. Sockets are told in
batches that are spread over the interval. A batch takes one query for each 500 rooms, whatever is
said in them; sockets that hear the same rooms share one frame. While the database is gone nobody is
told anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.conf import settings

from chat.models import Room
from chat.realtime.database import in_database
from chat.realtime.frames import TextFrame, encode
from chat.realtime.socket import Socket
from chat.realtime.tasks import cancelled

if TYPE_CHECKING:
    from chat.realtime.hub import Hub

logger = logging.getLogger(__name__)

BATCH = 500
# The interval while the layer is gone: heartbeats are all that other processes' sockets get then.
HURRY = 2.0
# The least time between two batches.
GAP = 0.04
T = TypeVar("T")


class Heart:
    """Beats for all sockets of a process, for ever."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._soon = asyncio.Event()

    def soon(self) -> None:
        """Tell everybody at once: some sockets may have missed events."""
        self._soon.set()

    async def run(self) -> None:
        at_once = False
        while not cancelled():
            at_once = not await self._round(at_once)

    async def _round(self, at_once: bool) -> bool:
        """Tell each socket once, over the interval or at once; says whether it was not interrupted."""
        sockets = list(self._hub.sockets)
        batches = max(-(-len(sockets) // BATCH), 1)
        for number in range(batches):
            interval = settings.HEARTBEAT_SECONDS if self._hub.link.healthy else HURRY
            if at_once:
                await asyncio.sleep(GAP if number else 0)
            elif await self._called(max(interval / batches, GAP)):
                return False
            try:
                await self.beat(sockets[number * BATCH : (number + 1) * BATCH])
            except Exception as error:
                logger.warning("A heartbeat was left out: %s", type(error).__name__)
        return True

    async def _called(self, seconds: float) -> bool:
        """Wait, but no longer than until everybody is to be told at once."""
        try:
            async with asyncio.timeout(seconds):
                await self._soon.wait()
        except TimeoutError:
            return False
        self._soon.clear()
        return True

    async def beat(self, sockets: Iterable[Socket]) -> None:
        """Send one heartbeat to each socket. Raises database errors: then nobody is told anything."""
        # As they are now: what a socket joins meanwhile may be newer than what is read.
        hearing = [(socket, socket.rooms) for socket in sockets if not socket.gone]
        if not hearing:
            return
        revisions = await in_database(_revisions, {room for _socket, rooms in hearing for room in rooms})
        frames: dict[frozenset[UUID], TextFrame] = {}
        for socket, rooms in hearing:
            frame = frames.get(rooms)
            if frame is None:
                beats = {str(room): revisions[room] for room in rooms if room in revisions}
                frame = frames[rooms] = TextFrame(encode({"heartbeat": beats}))
            try:
                socket.send(frame)
            except Exception:  # noqa: S112 - a socket that cannot be written to is closing by itself
                continue


def _revisions(rooms: Iterable[UUID]) -> dict[UUID, int]:
    return {
        room: revision
        for some in _batches(rooms)
        for room, revision in Room.objects.filter(id__in=some).values_list("id", "revision")
    }


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, BATCH)):
        yield some
