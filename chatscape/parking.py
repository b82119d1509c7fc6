"""Take a WebSocket's connection away from Daphne, Autobahn and Twisted: a bare descriptor remains.

It reaches into the objects of three libraries; `chat/tests/realtime/test_parking.py` tells when one of
their versions has others. Whatever is not as expected leaves the connection where it is, before
anything has been changed.
"""

import logging
from typing import Any, NamedTuple

from twisted.internet import tcp

logger = logging.getLogger(__name__)

_TIMERS = (
    "openHandshakeTimeoutCall",
    "closeHandshakeTimeoutCall",
    "autoPingPendingCall",
    "autoPingTimeoutCall",
)


class HandedOver(NamedTuple):
    """A connection that belongs to whoever asked for it."""

    descriptor: int
    # What the client sent already, after its handshake.
    received: bytes


def hand_over(protocol: Any, received: bytes) -> HandedOver | None:
    """Give the connection of an open WebSocket away, or None when it has to stay.

    Nothing of Twisted, Autobahn and Daphne knows it afterwards, nothing shuts it down, no timer runs
    for it, and no cycle keeps their objects for the garbage collector.
    """
    try:
        transport = protocol.transport
        if not _plain(transport):
            return None
        # Our answer to the handshake is waiting: a fresh connection takes it at once.
        if transport.doWrite() is not None or transport.dataBuffer or transport._tempDataLen:
            return None
        timers = [getattr(protocol, name) for name in _TIMERS]
        server, factory, channel = protocol.server, protocol.factory, transport.producer
        requests = channel.requests
        connections = server.connections
        transport.stopReading()
        transport.stopWriting()
    except AttributeError:
        logger.warning("Sockets stay with Daphne: its objects are not as expected", exc_info=True)
        return None
    descriptor = transport.socket.detach()
    for timer in timers:
        if timer is not None:
            timer.cancel()
    for name in _TIMERS:
        setattr(protocol, name, None)
    factory.countConnections -= 1
    for known in (protocol, *requests):
        connections.pop(known, None)
    # Nothing is written or read any more, and nobody refers to one another.
    requests.clear()
    transport.unregisterProducer()
    transport.connected, transport.disconnected = 0, 1
    transport.protocol = protocol.transport = channel.transport = None
    return HandedOver(descriptor, received)


def _plain(transport: Any) -> bool:
    """Whether what is written is what the descriptor gets. Not so with TLS: its keys are Twisted's."""
    return type(transport) is tcp.Server and not transport.TLS and not transport.disconnecting
