"""Daphne, with what ChatScape needs and it lacks: an orderly end."""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

# Daphne's module installs the reactor: it comes before anything else of Twisted.
from daphne.server import Server as DaphneServer  # isort: skip
from daphne import server as daphne_server
from twisted.internet import defer

from chatscape.websocket import WebSocketProtocol

logger = logging.getLogger(__name__)

RESTARTING = 1012
# How long requests in flight may take at the end, and threads after them.
GRACE = 5.0
THREAD_GRACE = 2.0


class Server(DaphneServer):
    """Daphne with that protocol. `stopped` runs on its event loop when all connections have ended."""

    def __init__(self, *args: Any, stopped: Callable[[], Awaitable[None]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.stopped = stopped
        self.ports: list[Any] = []
        self.problem = ""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        # Daphne believes a header that names the path it is mounted at; nobody should.
        scope["root_path"] = ""
        if scope["type"] == "websocket":
            scope["extensions"] = {"websocket.http.response": {}}
        return super().create_application(protocol, scope)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. When it cannot listen, `problem` says why."""
        # The factory is made inside Daphne's run(): its protocol is named there.
        daphne_server.WebSocketFactory.protocol = WebSocketProtocol
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)

    def listen_error(self, failure: Any) -> None:
        self.problem = failure.getErrorMessage()
        self.stop()

    def kill_all_applications(self) -> Any:
        """End in order: listen no more, tell sockets to come back, let requests finish."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        for port in self.ports:
            port.stopListening()
        requests, sockets = [], []
        for protocol, details in list(self.connections.items()):
            application = details.get("application_instance")
            if isinstance(protocol, WebSocketProtocol):
                if protocol.state == protocol.STATE_OPEN:
                    protocol.sendCloseFrame(code=RESTARTING)
                sockets.append(application)
            else:
                requests.append(application)
        await _finished(requests, GRACE)
        await _finished(sockets, 0)
        try:
            await self.stopped()
        except Exception:
            logger.exception("The end was not orderly")


async def _finished(applications: list[asyncio.Future[Any] | None], seconds: float) -> None:
    """Give applications some time to finish, then cancel them."""
    running = [application for application in applications if application and not application.done()]
    if not running:
        return
    _done, late = await asyncio.wait(running, timeout=seconds)
    for application in late:
        application.cancel()
    if late:
        await asyncio.wait(late, timeout=1)


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
