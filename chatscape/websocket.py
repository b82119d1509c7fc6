"""Daphne's WebSocket, with what ChatScape needs and it lacks: any status for a refused handshake,
and bounded buffers."""

from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

REASONS = {403: "Access denied", 503: "Service unavailable"}
# How many frames of one client may wait for their answers before no more are read.
FRAMES_WAITING = 32


class WebSocketProtocol(DaphneProtocol):
    """Answers a handshake with the status the application chose (ASGI's denial response)."""

    reading = True

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        super().connectionMade()
        # Say why a connection ends (RFC 6455, 7.4.1) instead of dropping it.
        self.failByDrop = False

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self.denial = message["status"]
        elif message["type"] == "websocket.http.response.body":
            self._deny(self.denial)
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
