"""What a group is told, in order, and in as few frames as its size and its noise ask for.

Each group that something happens in has a lane for as long as it happens. The first event goes out
at once. What comes while it is being written, or within the window after, shares the next frame:
so a busy room costs each socket one frame a window, however much is said, and a small one waits
for nothing. Ambient events (who types, who is here) are states: of one kind and person only the
latest is told, at most four times a second.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Sequence

from chat.realtime.frames import TextFrame, event_frames
from chat.realtime.socket import Event, Socket
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)

# How long frames are written before frames of clients are read again.
SLICE = 0.002
# After how many sockets the clock is looked at.
LOOK = 16
# How long a busy room gathers what is said.
WINDOW = 0.05
# How long an event waits for those before it, which another process or thread is still sending.
OVERTAKEN = 0.05
# Beyond this the oldest events of a room are dropped: clients see the gap and ask for it.
WAITING_MOST = 500
AMBIENT = frozenset({"typing", "presence.changed", "reaction.changed", "receipt.changed"})
AMBIENT_WINDOW = 0.25
AMBIENT_MOST = 100

Groups = dict[str, dict[Socket, None]]
# By sub-protocol.
Frames = dict[str, list[TextFrame]]


class Lanes:
    """The lanes of a process. `groups` is the hub's own: who hears what at the moment of writing."""

    def __init__(self, loop: asyncio.AbstractEventLoop, groups: Groups) -> None:
        self._loop, self._groups = loop, groups
        self._waiting: dict[str, list[Event]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        # The latest revision that each room was told.
        self._told: dict[str, int] = {}
        self._ambient: dict[str, dict[tuple[object, ...], Event]] = {}
        self._teller: asyncio.Task[None] | None = None

    def put(self, group: str, event: Event) -> None:
        """Send an event to the sockets of a group, soon and in order; never waits."""
        if event["name"] in AMBIENT:
            self._put_ambient(group, event)
            return
        waiting = self._waiting.setdefault(group, [])
        if len(waiting) >= WAITING_MOST:
            del waiting[0]
        waiting.append(event)
        if group not in self._running:
            self._running[group] = self._loop.create_task(self._run(group))

    async def stop(self) -> None:
        """End all lanes; what still waits is dropped."""
        tasks = [*self._running.values(), *([self._teller] if self._teller else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, group: str) -> None:
        try:
            while events := self._waiting.pop(group, None):
                if self._overtaken(group, events):
                    await asyncio.sleep(OVERTAKEN)
                    events += self._waiting.pop(group, [])
                events.sort(key=_revision)
                self._told[group] = max(self._told.get(group, 0), _revision(events[-1]))
                began = time.monotonic()
                await fan_out(list(self._groups.get(group, ())), events)
                took = time.monotonic() - began
                if took > SLICE / 2:
                    await asyncio.sleep(max(0.0, min(WINDOW, 2 * took) - took))
        finally:
            del self._running[group]

    def forget(self, group: str) -> None:
        """Keep nothing of a group that nobody hears any more."""
        self._told.pop(group, None)

    def _overtaken(self, group: str, events: list[Event]) -> bool:
        """Say whether one before these has not come yet. Clients would ask for it, all at once."""
        told = self._told.get(group)
        if told is None:
            return False
        new = {_revision(event) for event in events if _revision(event) > told}
        return bool(new) and max(new) - told > len(new)

    def _put_ambient(self, group: str, event: Event) -> None:
        states = self._ambient.setdefault(group, {})
        state = (event["name"], event.get("user"), event.get("sequence"))
        # The latest of a kind goes last, and a crowd is told a part of itself.
        states.pop(state, None)
        if len(states) < AMBIENT_MOST:
            states[state] = event
        if self._teller is None:
            self._teller = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        """Give every socket one frame for all its groups, then let a window pass."""
        try:
            while self._ambient:
                ambient, self._ambient = self._ambient, {}
                hearers: dict[Socket, tuple[str, ...]] = {}
                for group in ambient:
                    for socket in self._groups.get(group, ()):
                        hearers[socket] = (*hearers.get(socket, ()), group)
                alike: dict[tuple[str, ...], list[Socket]] = {}
                for socket, heard in hearers.items():
                    alike.setdefault(heard, []).append(socket)
                for heard, sockets in alike.items():
                    await fan_out(sockets, [event for group in heard for event in ambient[group].values()])
                await asyncio.sleep(AMBIENT_WINDOW)
        finally:
            self._teller = None


def _revision(event: Event) -> int:
    revision: int = event.get("revision", 0)
    return revision


async def fan_out(sockets: Sequence[Socket], events: Collection[Event]) -> None:
    """Write events to any number of sockets, in slices."""
    frames: Frames = {}
    began = time.monotonic()
    until = began + SLICE
    for first in range(0, len(sockets), LOOK):
        write(sockets[first : first + LOOK], events, frames)
        if time.monotonic() > until:
            await asyncio.sleep(0)
            until = time.monotonic() + SLICE
    catalogue.fan_outs.observe(time.monotonic() - began)
    catalogue.deliveries.add(by=len(sockets) * len(events))


def write(sockets: Iterable[Socket], events: Collection[Event], frames: Frames) -> None:
    """Write events to some sockets; no error of one reaches another. Keeps each frame in `frames`."""
    for socket in sockets:
        mine = frames.get(socket.protocol)
        if mine is None:
            mine = frames[socket.protocol] = event_frames(events, socket.protocol)
        try:
            for frame in mine:
                socket.send(frame)
        except Exception as error:
            logger.warning("A socket could not be written to: %s", type(error).__name__)
