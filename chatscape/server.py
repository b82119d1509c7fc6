"""Daphne, with what ChatScape needs and it lacks: workers, bounds, and an orderly end."""

import asyncio
import contextlib
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

# Daphne's module installs the reactor: it comes before anything else of Twisted.
from daphne.server import Server as DaphneServer  # isort: skip
from daphne import server as daphne_server
from django.conf import settings
from twisted.internet import defer
from twisted.internet import reactor as installed_reactor
from twisted.internet.error import ReactorNotRunning
from twisted.logger import STDLibLogObserver, globalLogPublisher

from chat.realtime.hub import running_hub
from chat.realtime.socket import Socket
from chatscape import connection, request_ids
from chatscape.health import Ending
from chatscape.leash import Leash
from chatscape.limits import settle_memory
from chatscape.listening import Port
from chatscape.metrics.reporter import reporter
from chatscape.surge import gate
from chatscape.websocket import WebSocketProtocol

logger = logging.getLogger(__name__)
# Twisted's own types know only the bare module.
reactor: Any = installed_reactor

RESTARTING = 1012
# How many sockets a second may come back after a restart, unless that takes longer than the spread.
COME_BACK = 50
# Sockets are sent away in portions.
PORTION_SECONDS = 0.1
# How long a worker that leaves waits for those who are coming in, at least and at most beyond the spread.
LINGER, GRACE = 1.0, 5.0
# How long closing handshakes may take at the end, and threads after all the rest.
CLOSE_GRACE = 1.0
THREAD_GRACE = 2.0


class Server(DaphneServer):
    """Daphne with that protocol, on a socket that listens already.

    `ready` is called when it serves, `stopped` runs on its event loop when all connections have ended.
    SIGTERM and SIGINT end it; after SIGTERM it serves for `drain` seconds more, while it says that it is not
    ready. With a `leash` it is one of several workers: then SIGTERM lets it leave, its sockets spread over
    `spread` seconds, as somebody else is there to take them.
    """

    def __init__(
        self,
        application: Any,
        listener: socket.socket,
        *,
        leash: Leash | None = None,
        spread: int,
        drain: int = 0,
        ready: Callable[[], None],
        stopped: Callable[[], Awaitable[None]],
        **options: Any,
    ) -> None:
        # Daphne wants to be told where to listen. It is not asked to.
        super().__init__(application, endpoints=["none"], ready_callable=self._listen, **options)
        self.endpoints: list[str] = []
        self.listener, self.leash, self.spread, self.drain = listener, leash, spread, drain
        self.ready, self.stopped = ready, stopped
        self.port: Any = None
        self._leaving: asyncio.Task[None] | None = None

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        # Daphne believes a header that names the path it is mounted at; nobody should.
        scope["root_path"] = ""
        if scope["type"] == "websocket":
            scope["extensions"] = protocol.extensions()
            scope[request_ids.KEY] = protocol.request_id
            gate.shaking.add(protocol)
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        gate.shaking.discard(protocol)
        await super().handle_reply(protocol, message)

    def protocol_disconnected(self, protocol: Any) -> None:
        gate.shaking.discard(protocol)
        super().protocol_disconnected(protocol)

    def application_checker(self) -> None:
        super().application_checker()
        self._others_first()

    def run(self) -> None:
        """Serve until the end."""
        # The factory is made inside Daphne's run(): its protocol is named there.
        daphne_server.WebSocketFactory.protocol = WebSocketProtocol
        daphne_server.HTTPFactory = connection.Factory
        connection.IDLE = settings.KEEP_ALIVE_SECONDS
        # Twisted and Autobahn have a log of their own.
        observer: Any = STDLibLogObserver("twisted")
        globalLogPublisher.addObserver(observer)
        super().run()

    def end(self) -> None:
        """End, when load balancers had the time to look elsewhere. Asked twice, at once."""
        patient = self.drain if not Ending.begun else 0
        Ending.begun = True
        if patient:
            reactor.callLater(patient, self.stop)
        else:
            self.stop()

    def stop(self) -> None:
        """End, as on SIGINT."""
        with contextlib.suppress(ReactorNotRunning):
            reactor.stop()

    def leave(self) -> None:
        """Let others serve: listen no more, send the sockets to them, and end."""
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())

    def _listen(self) -> None:
        self.port = Port.adopt(reactor, self.listener, self.http_factory)
        self.port.others_first = self._others_first
        # On the running loop.
        reactor.callLater(0, self._begin)

    def _begin(self) -> None:
        settle_memory()
        if not self.leash:
            signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(self.end))
        else:
            reporter.board, reporter.slot = self.leash.board, self.leash.slot
            # A closed terminal is the supervisor's business.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(self.leave))
            self.leash.hold(self.leave, self.end)
        reporter.start()
        self.ready()

    def _others_first(self) -> bool:
        if self.leash is None or self._leaving:
            return False
        return self.leash.count(len(_sockets()) + len(gate.shaking))

    async def _leave(self) -> None:
        if self.leash:
            self.leash.leaving()
        self._listen_no_more()
        portion = math.ceil(PORTION_SECONDS * max(COME_BACK, len(_sockets()) / max(self.spread, 1)))
        began = time.monotonic()
        # Whoever has just been accepted is let in, and then sent away like all others.
        while (sockets := _sockets()) or gate.shaking or time.monotonic() - began < LINGER:
            for one in sockets[:portion]:
                one.end(RESTARTING, come_back(0, 1))
            if time.monotonic() - began > self.spread + GRACE:
                break
            await asyncio.sleep(PORTION_SECONDS)
        self.stop()

    def _listen_no_more(self) -> None:
        """Accept nothing more, and one last request of those who have a connection."""
        if self.port and self.port.connected and not self.port.disconnecting:
            self.port.stopListening()
        self.application.pages.stopping = True

    def kill_all_applications(self) -> Any:
        """End in order: listen no more, tell sockets to come back, let requests finish."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        Ending.begun = True
        self._listen_no_more()
        # Whoever comes now is told at once that nobody is here.
        self.listener.close()
        sockets = _sockets()
        everybody = self.leash.sockets if self.leash else len(sockets)
        for one in sockets:
            one.end(RESTARTING, come_back(1, max(3, min(self.spread, math.ceil(everybody / COME_BACK)))))
        for protocol in list(gate.shaking):
            protocol._deny(503)
        await self._closed(CLOSE_GRACE)
        await _ended([details.get("application_instance") for details in self.connections.values()])
        try:
            await self.stopped()
        except Exception:
            logger.exception("The end was not orderly")
        reporter.stop()

    async def _closed(self, seconds: float) -> None:
        """Wait a little until clients have answered that their socket is closed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(
            isinstance(protocol, WebSocketProtocol) and protocol.state != protocol.STATE_CLOSED
            for protocol in self.connections
        ):
            await asyncio.sleep(0.02)


def come_back(soonest: int, latest: int) -> str:
    """The reason of a close: when to connect again. Clients read it (docs/protocol.md)."""
    return f"reconnect after {soonest}-{latest} s"


def _sockets() -> list[Socket]:
    hub = running_hub()
    return list(hub.sockets) if hub else []


async def _ended(applications: list[asyncio.Future[Any] | None]) -> None:
    """End what still runs."""
    running = [application for application in applications if application and not application.done()]
    for application in running:
        application.cancel()
    if running:
        await asyncio.wait(running, timeout=1)


def leave_threads() -> None:
    """Wait a little for threads that still work, then leave the process without them.

    Python would wait for ever for a thread that waits for the loop, or for a frozen database.
    """
    until = time.monotonic() + THREAD_GRACE
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                logger.warning("A thread was still busy at the end")
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
