"""The way between the hub and the channel layer, which may be slow, frozen, deaf or gone.

The process has one channel in the layer, in each group that its sockets want to hear. What the hub
asks of the link never waits for the layer: events go to an outbox, groups are entered by one task.
That task also listens to itself: when the layer has been silent for a while it must hear its own
probe, or it is rebuilt from nothing. Whatever was missed meanwhile, heartbeats tell.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection
from itertools import count
from typing import Protocol
from uuid import uuid4

from channels.layers import InMemoryChannelLayer, get_channel_layer

from chat.realtime.receiver import tell_failures
from chat.realtime.socket import Event
from chat.realtime.tasks import cancelled, ended, pause
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)

# How long one operation of the layer may take before the layer counts as gone.
PATIENCE = 2.0
# How long a join waits for its group to be entered.
JOIN_PATIENCE = 0.5
RETRY = 1.0
QUIET = 2.0
# Layers forget a membership after a day.
RENEW = 3600.0
OUTBOX = 10_000
PORTION = 32
# All processes: one that could not publish tells the others so when it can again.
HUBS = "hubs"


class Listener(Protocol):
    """The hub, as the link sees it."""

    def wanted(self) -> Collection[str]:
        """Return the groups that sockets of this process want to hear."""

    def deliver(self, event: Event) -> None:
        """Hand an event to the sockets of its group."""

    def presence_told(self, message: Event) -> None:
        """Take in what another process says of its people."""

    def beat_soon(self) -> None:
        """Tell all sockets the latest revisions: some of them may have missed events."""


class Link:
    """One process's channel in the layer. Start and stop it on the loop it was made in."""

    def __init__(self, listener: Listener) -> None:
        self.healthy = False
        self.lost = False
        # Whether there is no other process to tell anything.
        self.alone = False
        self.channel = ""
        self._listener = listener
        self._own_group = f"hub.{uuid4().hex}"
        self._own = (self._own_group, HUBS)
        # What the layer was told, and what it is to be told: a pass costs what has changed.
        self._entered: set[str] = set()
        self._changed: set[str] = set()
        self._outbox: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(OUTBOX)
        self._wake = asyncio.Event()
        self._passed = asyncio.Event()
        self._echo = asyncio.Event()
        self._missed = self._late = False
        self._heard = self._renewed = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._receiver: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send and receive."""
        tell_failures(self.lose)
        self.alone = type(get_channel_layer()) is InMemoryChannelLayer
        self._tasks = [asyncio.create_task(self._tend()), asyncio.create_task(self._send())]

    async def stop(self) -> None:
        """End all tasks and connections."""
        tell_failures(None)
        await ended(*self._tasks)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                await get_channel_layer().flush()
        await ended(self._receiver)

    @property
    def waiting(self) -> int:
        """How many events wait to be published."""
        return self._outbox.qsize()

    def send_soon(self, group: str, event: Event) -> None:
        """Queue an event for a group. When the queue is full, everybody is told to catch up."""
        told = {"type": "event", "group": group, **event}
        if self.alone:
            # There is nobody else to tell, and nothing that could be gone.
            self._hear(told)
            return
        try:
            self._outbox.put_nowait((group, told))
        except asyncio.QueueFull:
            if not self._missed:
                logger.warning("The outbox is full: events are left out, sockets will catch up")
            self._missed = True

    def settle_soon(self, group: str) -> None:
        """A group is wanted now, or not any more: enter it, or leave it."""
        self._changed.add(group)
        self._wake.set()

    async def entered(self, groups: Collection[str]) -> None:
        """Wait a little until events of these groups arrive, and not at all for a layer that is gone."""
        self._wake.set()
        try:
            async with asyncio.timeout(JOIN_PATIENCE):
                while not self.lost and not self._entered.issuperset(groups):
                    await self._passed.wait()
        except TimeoutError:
            self._late = True

    async def _tend(self) -> None:
        """Keep the link in order, for ever."""
        while not cancelled():
            try:
                if not self.healthy:
                    await self._open()
                await self._settle()
                await self._probe()
                await self._recovered()
            except Exception as error:
                self.lose(error)
            # Whoever waits for this pass goes on; the next wait is for the next pass.
            self._passed.set()
            self._passed = asyncio.Event()
            if cancelled():
                return
            if self.lost:
                await asyncio.sleep(RETRY)
            else:
                await pause(self._wake, RETRY)

    async def _open(self) -> None:
        """Begin anew: forget all connections and memberships, take a new channel."""
        layer = get_channel_layer()
        async with asyncio.timeout(2 * PATIENCE):
            self._entered.clear()
            self._changed.update(self._own, self._listener.wanted())
            await layer.flush()
            await ended(self._receiver)
            self.channel = await layer.new_channel("hub.")
        self._receiver = asyncio.create_task(self._receive(self.channel))
        self._heard, self._renewed = 0.0, asyncio.get_running_loop().time()

    async def _settle(self) -> None:
        """Enter the groups that sockets want to hear, leave those that nobody wants."""
        layer, now = get_channel_layer(), asyncio.get_running_loop().time()
        if now - self._renewed > RENEW:
            self._entered.clear()
            self._changed.update(self._own, self._listener.wanted())
            self._renewed = now
        while self._changed:
            group = next(iter(self._changed))
            wanted = group in self._own or group in self._listener.wanted()
            if wanted != (group in self._entered):
                change = layer.group_add if wanted else layer.group_discard
                async with asyncio.timeout(PATIENCE):
                    await change(group, self.channel)
                (self._entered.add if wanted else self._entered.discard)(group)
            if wanted == (group in self._own or group in self._listener.wanted()):
                self._changed.discard(group)

    async def _probe(self) -> None:
        """Make sure that what is published is heard here, unless something just was."""
        if asyncio.get_running_loop().time() - self._heard < QUIET:
            return
        self._echo.clear()
        async with asyncio.timeout(PATIENCE):
            await get_channel_layer().group_send(self._own_group, {"type": "probe"})
            await self._echo.wait()

    async def _recovered(self) -> None:
        """Everything works: make sure that sockets learn of what was missed before."""
        if self.lost or self._missed:
            self._missed = False
            async with asyncio.timeout(PATIENCE):
                await get_channel_layer().group_send(HUBS, {"type": "beat"})
        if self.lost:
            logger.info("The channel layer is back")
        if self.lost or self._late:
            self._listener.beat_soon()
        self.healthy, self.lost, self._late = True, False, False

    async def _send(self) -> None:
        """Empty the outbox in order. Sockets of this process get their events without a layer, too."""
        await self._passed.wait()
        while not cancelled():
            group, event = await self._outbox.get()
            if self.healthy:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await get_channel_layer().group_send(group, event)
                    continue
                except Exception as error:
                    self.lose(error)
            self._hear(event)

    def _hear(self, message: Event) -> None:
        """Do what a message of a group is about."""
        try:
            if message["type"] == "event":
                self._listener.deliver(message)
            elif message["type"] == "probe":
                self._echo.set()
            elif message["type"] == "presence":
                self._listener.presence_told(message)
            else:
                self._listener.beat_soon()
        except Exception as error:
            logger.warning("A message could not be heard: %s", type(error).__name__)

    async def _receive(self, channel: str) -> None:
        try:
            for number in count():
                if cancelled():
                    return
                message = await get_channel_layer().receive(channel)
                self._heard = asyncio.get_running_loop().time()
                self._hear(message)
                # A stream of events lets sockets be written to, too.
                if not number % PORTION:
                    await asyncio.sleep(0)
        except Exception as error:
            self.lose(error)

    def lose(self, error: BaseException | None) -> None:
        """Count the layer as gone, until it has been opened anew."""
        if self.healthy or not self.lost:
            logger.warning("The channel layer is gone: %s", type(error).__name__)
            catalogue.layer_lost.add()
            self._listener.beat_soon()
        self.healthy, self.lost = False, True
