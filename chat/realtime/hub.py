"""One hub a process: it hears each group once and hands events to the sockets here.

The channel layer (Redis, or this process alone) carries hints. When it is gone, events still reach
the sockets of this process, and heartbeats with the latest revisions come often enough that all
others catch up from the database.
"""

import asyncio
import logging
from collections.abc import Collection
from contextvars import Context

from chat.realtime.access import Sweep
from chat.realtime.audience import audience
from chat.realtime.heartbeat import Heart
from chat.realtime.lanes import Groups, Lanes, write
from chat.realtime.link import Link
from chat.realtime.poller import Poller
from chat.realtime.presence import Presence
from chat.realtime.socket import Event, Socket
from chat.realtime.tasks import ended
from chat.realtime.typists import Typists
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)


class Hub:
    """The sockets of this process, and who wants to hear what."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # In the order they came, which is about that of the kernel's own memory: a crowd is written to
        # noticeably faster so than in any other.
        self.groups: Groups = {}
        self.sockets: set[Socket] = set()
        self.lanes = Lanes(loop, self.groups)
        self.link = Link(self)
        self.poller = Poller(loop)
        self.heart, self.sweep = Heart(self), Sweep(self.sockets)
        self.presence, self.typists = Presence(self), Typists()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send and receive; the hub lives as long as its event loop."""
        self.link.start()
        works = (self.heart.run(), self.sweep.run(), self.presence.run())
        self._tasks = [self.loop.create_task(work) for work in works]

    async def stop(self) -> None:
        """End all that `start` began."""
        await ended(*self._tasks)
        await self.presence.end()
        await self.poller.close_all()
        await self.link.stop()
        await self.lanes.stop()

    def subscribe(self, groups: Collection[str], socket: Socket) -> None:
        """Let a socket hear groups, from the moment that `link.entered` waits for."""
        for group in groups:
            if group not in self.groups:
                self.groups[group] = {}
                self.link.settle_soon(group)
            self.groups[group][socket] = None

    def unsubscribe(self, group: str, socket: Socket) -> None:
        """Stop a socket from hearing a group, at once; the layer is told in a moment."""
        sockets = self.groups.get(group)
        if sockets is not None:
            sockets.pop(socket, None)
            if not sockets:
                del self.groups[group]
                self.lanes.forget(group)
                self.link.settle_soon(group)

    def wanted(self) -> Collection[str]:
        return self.groups.keys()

    def deliver(self, event: Event) -> None:
        """Hand an event to the sockets of its group: in a room soon, to one person's at once."""
        group: str = event.get("group", "")
        if group.startswith("user."):
            hearers = audience(event, list(self.groups.get(group, ())))
            write(hearers, [event], {})
            catalogue.deliveries.add(by=len(hearers))
        elif group in self.groups:
            self.lanes.put(group, event)

    def presence_told(self, message: Event) -> None:
        self.presence.hear(message)

    def beat_soon(self) -> None:
        self.heart.soon()


_hub: Hub | None = None


def running_hub() -> Hub | None:
    """Return this process's hub, if it serves sockets and its loop still runs."""
    return _hub if _hub is not None and _hub.loop.is_running() else None


def ensure_hub() -> Hub:
    """Return the hub of the running event loop, started on the first call."""
    global _hub
    loop = asyncio.get_running_loop()
    if _hub is None or _hub.loop is not loop:
        _hub = Hub(loop)
        # In a context of its own: lines of its log name no request.
        Context().run(_hub.start)
    return _hub


async def stop_hub() -> None:
    """Stop the hub of the running event loop, if there is one."""
    global _hub
    if _hub is not None and _hub.loop is asyncio.get_running_loop():
        stopping, _hub = _hub, None
        await stopping.stop()
