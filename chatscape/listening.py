"""One listening socket for one or several processes, and how they share what comes in."""

import socket
from collections.abc import Callable
from typing import Any, Self

from twisted.internet import tcp

# Connections that wait to be accepted. The kernel may allow fewer (net.core.somaxconn).
BACKLOG = 4096
# How many are accepted before what is open is served again, and the other workers had their turn.
ACCEPTS = 16
# How long new connections are left to others (seconds).
YIELD = 0.02


class CannotListen(Exception):
    """The address cannot be listened on; the message says why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises `CannotListen`."""
    host = host.strip("[]")
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise CannotListen(f"Couldn't listen on {host}:{port}: {error.strerror}.") from error
    listener.setblocking(False)
    return listener


class Port(tcp.Port):
    """Accepts in small portions, and leaves some to others when `others_first` says so."""

    others_first: Callable[[], bool] = staticmethod(lambda: False)
    _yielded = False

    @classmethod
    def adopt(cls, reactor: Any, listener: socket.socket, factory: Any) -> Self:
        """Accept what comes in at a socket that listens. Closing the port leaves it open to others."""
        make: Any = cls._fromListeningDescriptor
        port: Self = make(reactor, listener.fileno(), listener.family, factory)
        port.startListening()
        return port

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        # Once only: perhaps the others hang.
        if not self._yielded and self.others_first():
            self._yielded = True
            self.stopReading()  # type: ignore[no-untyped-call]
            self.reactor.callLater(YIELD, self._again)
            return
        self._yielded = False
        self.numberAccepts = ACCEPTS
        super().doRead()  # type: ignore[no-untyped-call]

    def _again(self) -> None:
        if self.connected and not self.disconnecting:
            self.startReading()  # type: ignore[no-untyped-call]
