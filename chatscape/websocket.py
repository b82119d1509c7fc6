"""Daphne's WebSocket, with what ChatScape needs and it lacks: any status for a refused handshake,
bounded buffers, and a connection that can be given away."""

import contextlib
import math
import socket
import time
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol
from websockets.frames import Frame, Opcode

from chat.realtime.traffic import CLOSE_PATIENCE, FRAMES_WAITING, SEND_BUFFER, STALL_PATIENCE, TOO_SLOW
from chatscape import request_ids
from chatscape.accesses import SOCKET, noted
from chatscape.headers import BARE
from chatscape.metrics import catalogue
from chatscape.parking import HandedOver, hand_over
from chatscape.surge import admit, gate

REASONS = {403: "Access denied", 429: "Too many requests", 503: "Service unavailable"}
# What a client may send before its handshake is answered.
EARLY_MOST = 256 * 1024


class WebSocketProtocol(DaphneProtocol):
    """Answers a handshake with the status the application chose (ASGI's denial response)."""

    # Autobahn's: what was received and not read yet.
    data: bytes
    reading = True
    asked = parting = False
    # How many bytes the client has taken, and when it was seen to take some.
    taken, progress = -1, 0.0
    # When a client that is refused with 429 or 503 shall try again (seconds).
    retry_after = 5.0
    request_id = ""
    began = 0.0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        super().connectionMade()
        # Say why a connection ends (RFC 6455, 7.4.1) instead of dropping it, and wait for the answer.
        self.failByDrop = False
        self.closeHandshakeTimeout = CLOSE_PATIENCE
        self.echoCloseCodeReason = True
        with contextlib.suppress(AttributeError, OSError):
            self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def onConnect(self, request: Any) -> Any:  # noqa: N802 - Autobahn's name
        """Begin the checks, unless there are too many (chatscape/surge.py): then they cost nothing."""
        self.began = time.monotonic()
        self.request_id = request_ids.id_for(request.headers.get("x-request-id"))
        wait = admit(self.transport.getHandle().fileno())
        if wait is not None:
            self.retry_after = wait
            raise ConnectionDeny(503, REASONS[503])
        return super().onConnect(request)

    def processHandshake(self) -> None:  # noqa: N802 - Autobahn's name
        # What comes while the application decides is no second handshake.
        if not self.asked:
            super().processHandshake()
            self.asked = hasattr(self, "_wskey")
        elif len(self.data) > EARLY_MOST:
            self.transport.abortConnection()

    def failHandshake(  # noqa: N802 - Autobahn's name
        self,
        reason: str,
        code: int = 400,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        # Refused before anybody looked at it, it has none yet.
        self.request_id = self.request_id or request_ids.id_for(None)
        headers = [
            ("Content-Length", "0"),
            ("Connection", "close"),
            (request_ids.HEADER, self.request_id),
            *BARE.items(),
            *(responseHeaders or ()),
        ]
        if code in (429, 503):
            headers.append(("Retry-After", str(math.ceil(self.retry_after))))
        self._noted(code)
        super().failHandshake(reason, code, headers)

    def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> Any:  # noqa: N802, N803 - Autobahn's
        self.parting = True
        return super().onCloseFrame(code, reasonRaw)

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802 - Autobahn's name
        # The answer to a wrong good-bye is on its way: an abort would take it back.
        super().dropConnection(abort and not self.parting)

    def _closeConnection(self, abort: bool = False) -> None:  # noqa: N802 - Autobahn's name
        super()._closeConnection(abort)
        if not abort:
            # What is written to a client that takes nothing would wait for ever.
            self.transport.reactor.callLater(CLOSE_PATIENCE, self.transport.abortConnection)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        # Without a server Daphne has not heard of it: refused before the checks.
        if hasattr(self, "server"):
            super().onClose(wasClean, code, reason)

    def extensions(self) -> dict[str, Any]:
        """What an application may do beyond ASGI: refuse with a status, take the connection, look ahead."""
        return {
            "websocket.http.response": {},
            "chatscape.park": self.park,
            "chatscape.unsent": lambda: _unsent(self.transport),
        }

    def park(self, subprotocol: str | None) -> HandedOver | None:
        """Accept, and give the connection away, or None when it stays or has ended already.

        One can be had without the other only here: nothing may read a frame between the two.
        """
        gate.shaking.discard(self)
        if self.state != self.STATE_CONNECTING or not hasattr(self, "handshake_deferred"):
            return None
        early, self.data = self._early(), b""
        super().serverAccept(self._accepted(subprotocol))
        if self.state != self.STATE_OPEN:
            return None
        handed = hand_over(self, early)
        if handed is None and early:
            self.data = early
            self.consumeData()
        return handed

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802 - Daphne's name
        # Not sendMessage: Autobahn's limit is for what clients say, and a page of history may be longer.
        if self.state == self.STATE_OPEN:
            payload = content.encode("utf-8", "replace") if isinstance(content, str) else content
            self.sendData(Frame(Opcode.BINARY if binary else Opcode.TEXT, payload).serialize(mask=False))

    def serverAccept(self, subprotocol: str | None = None) -> None:  # noqa: N802 - Daphne's name
        self.data = self._early()
        super().serverAccept(self._accepted(subprotocol))

    def _accepted(self, subprotocol: str | None) -> Any:
        """Return what Autobahn answers: the protocol, and headers of ours."""
        self._noted(101)
        return subprotocol, {request_ids.HEADER: self.request_id}

    def _noted(self, status: int) -> None:
        seconds = time.monotonic() - self.began if self.began else 0.0
        noted(SOCKET, "GET", str(status), seconds, self.request_id)

    def _early(self) -> bytes:
        """Return what came before the handshake was answered, part of which the HTTP side has got."""
        channel = self.transport.producer
        kept = getattr(channel, "_dataBuffer", None)
        if not kept:
            return self.data
        early = b"".join(kept) + self.data
        kept.clear()
        # It was too much for a page.
        self.transport.resumeProducing()
        return early

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.http.response.start":
            self.denial = message["status"]
            self.retry_after = float(dict(message.get("headers", ())).get(b"retry-after", self.retry_after))
        elif message["type"] == "websocket.http.response.body":
            self._deny(self.denial)
        elif message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self._close(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)
            self._read_on()

    def check_timeouts(self) -> None:
        super().check_timeouts()
        if self.state != self.STATE_OPEN:
            return
        unsent, now = _unsent(self.transport), time.monotonic()
        taken = self.trafficStats.outgoingOctetsWireLevel - unsent
        if not unsent or taken != self.taken:
            self.taken, self.progress = taken, now
        elif now - self.progress > STALL_PATIENCE:
            catalogue.closed.add(str(TOO_SLOW))
            self._close(TOO_SLOW, "too slow")

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

    def _close(self, code: int, reason: str) -> None:
        # Not sendClose: for Autobahn 1012 is nothing an application may say.
        self.sendCloseFrame(code, reason.encode())


def _unsent(transport: Any) -> int:
    """How many bytes Twisted keeps because the client does not take them."""
    if not transport.connected:
        return 0
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # type: ignore[no-any-return]
