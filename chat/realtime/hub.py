"""One hub a process: it subscribes once to each group and hands events to the sockets here.

The channel layer (Redis, or this process alone) carries hints. When it is gone, events still reach
the sockets of this process, and heartbeats with the latest revisions come often enough that all
others catch up from the database.
"""

import asyncio
import contextlib
import logging
import time

from channels.layers import get_channel_layer
from django.conf import settings

from chat.realtime import heartbeat
from chat.realtime.socket import Event, Socket, Subscriber

logger = logging.getLogger(__name__)

PATIENCE = 2.0
OUTBOX = 10_000
RETRY = 1.0
RENEW = 3600.0
SLICE = 0.002
# Heartbeats while the layer is gone: they are all that other processes' sockets get.
HURRY = 2.0

class Hub:
    """The groups that sockets of this process want to hear, and the way to them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.groups: dict[str, set[Subscriber]] = {}
        self.sockets: set[Socket] = set()
        self.healthy = True
        self._entered: set[str] = set()
        self._channel = ""
        self._lock = asyncio.Lock()
        self._outbox: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(OUTBOX)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send and receive; the hub lives as long as its event loop."""
        for work in (self._send_outbox, self._receive, self._mend, self._beat):
            self._tasks.append(self.loop.create_task(work(), name=f"hub{work.__name__}"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def subscribe(self, group: str, subscriber: Subscriber) -> None:
        """Let a socket hear a group; on return its events arrive, unless the layer is gone."""
        self.groups.setdefault(group, set()).add(subscriber)
        if group not in self._entered and self.healthy:
            await self._settle()

    def unsubscribe(self, group: str, subscriber: Subscriber) -> None:
        """Stop a socket from hearing a group, at once; the layer is told in a moment."""
        subscribers = self.groups.get(group)
        if subscribers is not None:
            subscribers.discard(subscriber)
            if not subscribers:
                del self.groups[group]

    def send_soon(self, group: str, event: Event) -> None:
        """Queue an event for the layer. Call it on the hub's loop."""
        try:
            self._outbox.put_nowait((group, event))
        except asyncio.QueueFull:
            logger.warning("The outbox is full: an event was dropped")

    async def _send_outbox(self) -> None:
        while True:
            group, event = await self._outbox.get()
            message = {"type": "event", "group": group, **event}
            try:
                # While the layer is gone only one event in RETRY seconds tries it.
                if not self.healthy:
                    raise ConnectionError("the layer is gone")
                async with asyncio.timeout(PATIENCE):
                    await get_channel_layer().group_send(group, message)
            except Exception as error:
                self._lost(error)
                await self._deliver(message)

    async def _receive(self) -> None:
        while True:
            try:
                if not self._channel:
                    async with asyncio.timeout(PATIENCE):
                        self._channel = await get_channel_layer().new_channel("hub.")
                await self._deliver(await get_channel_layer().receive(self._channel))
            except Exception as error:
                self._lost(error)
                await asyncio.sleep(RETRY)

    async def _mend(self) -> None:
        """Settle what sockets joined and left, find out when the layer is back, renew old groups."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(RETRY)
            if time.monotonic() - renewed > RENEW:
                # Layers forget a membership after a day.
                self._entered.clear()
                renewed = time.monotonic()
            if not self.healthy:
                self.healthy = await self._layer_answers()
            if self.healthy:
                await self._settle()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(settings.HEARTBEAT_SECONDS if self.healthy else HURRY)
            try:
                await heartbeat.beat(list(self.sockets))
            except Exception as error:
                logger.warning("A heartbeat was left out: %s", type(error).__name__)

    async def _settle(self) -> None:
        """Enter groups that sockets want to hear, and leave those nobody wants."""
        async with self._lock:
            try:
                async with asyncio.timeout(PATIENCE):
                    while not self._channel:
                        await asyncio.sleep(0.01)
                    layer = get_channel_layer()
                    for group in [group for group in self.groups if group not in self._entered]:
                        await layer.group_add(group, self._channel)
                        self._entered.add(group)
                    for group in [group for group in self._entered if group not in self.groups]:
                        self._entered.discard(group)
                        await layer.group_discard(group, self._channel)
            except Exception as error:
                self._lost(error)

    async def _layer_answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await get_channel_layer().group_send("probe", {"type": "event"})
        except Exception:
            return False
        logger.info("The channel layer is back")
        self._entered.clear()
        return True

    def _lost(self, error: Exception) -> None:
        if self.healthy:
            logger.warning("The channel layer is gone: %s", type(error).__name__)
        self.healthy = False

    async def _deliver(self, message: Event) -> None:
        """Hand an event to the sockets of its group; no error of one reaches another."""
        frames: dict[str, str] = {}
        began = time.monotonic()
        for subscriber in list(self.groups.get(message.get("group", ""), ())):
            with contextlib.suppress(Exception):
                await subscriber.deliver(message, frames)
            if time.monotonic() - began > SLICE:
                await asyncio.sleep(0)
                began = time.monotonic()


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
        _hub.start()
    return _hub
