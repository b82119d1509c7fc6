"""Daphne's WebSocket, with what ChatScape needs and it lacks: any status for a refused handshake,
and bounded buffers."""

import math
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

from chatscape.surge import admit

REASONS = {403: "Access denied", 503: "Service unavailable"}
# How many frames of one client may wait for their answers before no more are read.
FRAMES_WAITING = 32


class WebSocketProtocol(DaphneProtocol):
    """Answers a handshake with the status the application chose (ASGI's denial response)."""

    reading = True
    # When a client that is refused with 503 shall try again (seconds).
    retry_after = 5.0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        super().connectionMade()
        # Say why a connection ends (RFC 6455, 7.4.1) instead of dropping it.
        self.failByDrop = False

    def onConnect(self, request: Any) -> Any:  # noqa: N802 - Autobahn's name
        """Begin the checks, unless there are too many (chatscape/surge.py): then they cost nothing."""
        wait = admit(self.transport.getHandle().fileno())
        if wait is not None:
            self.retry_after = wait
            raise ConnectionDeny(503, REASONS[503])
        return super().onConnect(request)

    def failHandshake(  # noqa: N802 - Autobahn's name
        self,
        reason: str,
        code: int = 400,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        headers = [("Content-Length", "0"), ("Connection", "close"), *(responseHeaders or ())]
        if code == 503:
            headers.append(("Retry-After", str(math.ceil(self.retry_after))))
        super().failHandshake(reason, code, headers)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        # Without a server Daphne has not heard of it: refused before the checks.
        if hasattr(self, "server"):
            super().onClose(wasClean, code, reason)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self.denial = message["status"]
        elif message["type"] == "websocket.http.response.body":
            self._deny(self.denial)
        elif message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            # Not sendClose: for Autobahn 1012 is nothing an application may say.
            self.sendCloseFrame(message.get("code") or 1000, message.get("reason", "").encode())
        else:
            super().handle_reply(message)
            self._read_on()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803 - Autobahn's names
        super().onMessage(payload, isBinary)
        if self.reading and self.application_queue.qsize() > FRAMES_WAITING:
            self.reading = False
            self.transport.pauseProducing()

    def _read_on(self) -> None:
        # Every frame gets an answer: this runs often enough.
        if not self.reading and self.application_queue.qsize() < FRAMES_WAITING // 2:
            self.reading = True
            self.transport.resumeProducing()

    def _deny(self, status: int) -> None:
        if hasattr(self, "handshake_deferred"):
            self.handshake_deferred.errback(ConnectionDeny(status, REASONS.get(status, "Refused")))
            del self.handshake_deferred
            self.server.protocol_disconnected(self)
