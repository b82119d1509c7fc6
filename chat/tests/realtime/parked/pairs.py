"""A parked socket by itself: one end of a pair is the hub's, the test holds the other."""

import asyncio
import select
import socket
import uuid

from websockets.frames import Frame

from chat.realtime.frames import HTML
from chat.realtime.hub import Hub
from chat.realtime.parked import ParkedSocket
from chat.realtime.socket import Session
from chat.tests.realtime.raw import Raw, frame

PONG = frame(10)


class Pair:
    """A parked socket and its client."""

    def __init__(self, hub: Hub, buffer: int = 4096) -> None:
        near, far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        near.setblocking(False)
        far.settimeout(10)
        self.raw = Raw(far)
        self.socket = ParkedSocket(hub, Session(uuid.uuid4(), "key", "hash"), HTML, near.detach())

    async def frame(self) -> Frame | None:
        return await asyncio.to_thread(self.raw.frame)

    async def outcomes(self, count: int) -> list[str]:
        return await asyncio.to_thread(self.raw.outcomes, count)

    async def ends(self) -> list[str]:
        return await asyncio.to_thread(self.raw.ends)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def take(connection):
    """Read what is there, and answer pings with something."""
    if not select.select([connection], [], [], 0)[0]:
        return b""
    connection.send(PONG)
    return connection.recv(65536)
