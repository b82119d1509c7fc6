"""Daphne, with the one thing ChatScape needs that it lacks: refusing a socket with any status."""

from typing import Any

# Daphne's module installs the reactor: it comes before anything else of Twisted.
from daphne.server import Server as DaphneServer  # isort: skip
from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol

REASONS = {403: "Access denied", 503: "Service unavailable"}


class WebSocketProtocol(DaphneProtocol):  # type: ignore[misc]
    """Answers a handshake with the status the application chose (ASGI's denial response)."""

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self.denial = message["status"]
        elif message["type"] == "websocket.http.response.body":
            self._deny(self.denial)
        else:
            super().handle_reply(message)

    def _deny(self, status: int) -> None:
        if hasattr(self, "handshake_deferred"):
            self.handshake_deferred.errback(ConnectionDeny(status, REASONS.get(status, "Refused")))
            del self.handshake_deferred
            self.server.protocol_disconnected(self)


class Server(DaphneServer):  # type: ignore[misc]
    """Daphne with that protocol."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket":
            scope["extensions"] = {"websocket.http.response": {}}
        return super().create_application(protocol, scope)

    def run(self) -> None:
        from daphne import server

        # The factory is made inside Daphne's run(): its protocol is named there.
        server.WebSocketFactory.protocol = WebSocketProtocol
        super().run()
