"""Send events to a group, from any thread, without making anybody wait.

A process that serves sockets has one outbox, which its event loop empties in order. Another
process (a command) sends at once, and gives up after `PATIENCE`.
"""

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from chat.realtime.hub import PATIENCE, Hub, running_hub

logger = logging.getLogger(__name__)


def publish(group: str, event: dict[str, Any]) -> None:
    """Publish `event` to `group`; never raises, and never waits for Redis in a server process.

    An event that cannot be sent is dropped: heartbeats tell everybody that they missed one.
    """
    hub = running_hub()
    if hub is not None:
        hub.loop.call_soon_threadsafe(_put, hub, group, event)
        return
    try:
        async_to_sync(_send)(group, event)
    except Exception as error:
        logger.warning("An event was not sent: %s", type(error).__name__)


def _put(hub: Hub, group: str, event: dict[str, Any]) -> None:
    hub.send_soon(group, event)


async def _send(group: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(PATIENCE):
        await layer.group_send(group, {"type": "event", "group": group, **event})
