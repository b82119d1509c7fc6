"""Send events to a group, from any thread, without making anybody wait.

A process that serves sockets has one outbox, which its event loop empties in order. Another
process (a command) sends at once, and gives up after `PATIENCE`.
"""

import asyncio
import logging
import time
from collections import deque
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from chat.realtime.hub import Hub, running_hub
from chat.realtime.link import PATIENCE

logger = logging.getLogger(__name__)

# How long a process without an outbox leaves a layer alone that did not answer.
REST = 10.0
_resting_until = 0.0

# What threads have handed to the event loop, and whose loop was told so.
_handed: deque[tuple[Hub, str, dict[str, Any]]] = deque()
_woken: Hub | None = None


def publish(group: str, event: dict[str, Any]) -> None:
    """Publish `event` to `group`; never raises, and never waits for Redis in a server process.

    An event that cannot be sent is dropped: heartbeats tell everybody that they missed one.
    """
    global _resting_until
    hub = running_hub()
    if hub is not None:
        _handed.append((hub, group, event))
        _wake(hub)
        return
    if time.monotonic() < _resting_until:
        return
    try:
        async_to_sync(_send)(group, event)
    except Exception as error:
        _resting_until = time.monotonic() + REST
        logger.warning("Events are not sent: %s", type(error).__name__)


def _wake(hub: Hub) -> None:
    """Let the event loop take what was handed to it; the events of a batch wake it once."""
    global _woken
    if _woken is hub:
        return
    _woken = hub
    try:
        hub.loop.call_soon_threadsafe(_take, hub)
    except RuntimeError:
        # The loop has just ended, and all its sockets with it.
        logger.info("An event was not sent: the server stops")


def _take(hub: Hub) -> None:
    """Put what was handed over into the outbox, on the event loop."""
    global _woken
    # First, so that whoever hands over something from now on wakes the loop again.
    _woken = None
    while _handed:
        to, group, event = _handed.popleft()
        # What is left of a loop that has ended is nobody's.
        if to is hub:
            hub.link.send_soon(group, event)


async def _send(group: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(PATIENCE):
        await layer.group_send(group, {"type": "event", "group": group, **event})
