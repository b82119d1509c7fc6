"""The socket of a page: checked, then it hears its rooms and asks for what people want done."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chat.realtime import door, handshake, reads, requests
from chat.realtime.frames import HTML, PROTOCOLS, TextFrame
from chat.realtime.groups import user_group
from chat.realtime.hub import Hub, ensure_hub
from chat.realtime.parked import ParkedSocket
from chat.realtime.socket import Session, Socket
from chat.realtime.traffic import BACKLOG_MOST, SEND_BUFFER, TOO_SLOW
from chatscape import rates, request_ids
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)


class ConsumerSocket(Socket):
    """A socket whose frames Daphne carries. `unsent` says how many bytes the client has not taken."""

    __slots__ = ("_reply", "_send", "_sender", "_waiting", "unsent")

    def __init__(
        self, hub: Hub, session: Session, protocol: str, send: Any, unsent: Callable[[], int]
    ) -> None:
        super().__init__(hub, session, protocol)
        self._send, self.unsent = send, unsent
        # The size of the last reply: it does not count for the limit, however large it is.
        self._reply = 0
        self._waiting: deque[dict[str, Any]] = deque()
        self._sender: asyncio.Task[None] | None = None

    def send(self, frame: TextFrame) -> None:
        if self.gone:
            return
        if self.unsent() > BACKLOG_MOST + self._reply:
            self.end(TOO_SLOW, "too slow")
        else:
            self._put({"type": "websocket.send", "text": frame.text})

    async def answer(self, text: str | None, data: bytes | None) -> None:
        """Answer a frame, once the client takes what it was sent before."""
        while self.unsent() > SEND_BUFFER and not self.gone:
            await asyncio.sleep(0.05)
        if not self.gone:
            reply = await requests.answer(self, text, data)
            self._reply = 4 * len(reply)
            self.send(TextFrame(reply))

    def end(self, code: int, reason: str = "") -> None:
        if not self.gone:
            catalogue.closed.add(str(code))
            self.forget()
            self._put({"type": "websocket.close", "code": code, "reason": reason})

    def _put(self, message: dict[str, Any]) -> None:
        self._waiting.append(message)
        if self._sender is None:
            self._sender = self.hub.loop.create_task(self._empty())

    async def _empty(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting.popleft())
        except Exception as error:
            # A socket that cannot be written to is closing by itself.
            self._waiting.clear()
            logger.warning("A socket could not be written to: %s", type(error).__name__)
        finally:
            self._sender = None


class ChatConsumer(AsyncWebsocketConsumer):
    """One WebSocket. It has no channel of its own: the hub knows its socket."""

    socket: ConsumerSocket | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Channels would subscribe every consumer to the layer; here the hub does, once a process.
        self.scope, self.base_send = scope, send
        request_ids.current.set(scope.get(request_ids.KEY, ""))
        try:
            await await_many_dispatch([receive], self.dispatch)
        except StopConsumer:
            pass
        finally:
            if self.socket:
                if not self.socket.gone:
                    catalogue.closed.add("client")
                self.socket.forget()
                reads.left(self.socket)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Not Channels' own dispatch: that hops through a thread around every event.
        handlers = {
            "websocket.connect": self.websocket_connect,
            "websocket.receive": self.websocket_receive,
            "websocket.disconnect": self.websocket_disconnect,
        }
        await handlers[message["type"]](message)

    async def connect(self) -> None:
        """Accept a signed-in person from a page of this server; refuse with 403, with 429 who comes too
        often, or 503 when the database cannot say who it is."""
        hub = ensure_hub()
        if not handshake.allowed_origin(self.scope):
            return await self._refuse(403, "origin")
        if seconds := rates.wait("connect", address=rates.address_in(self.scope)):
            return await self._refuse(429, "rate", seconds)
        try:
            session = await door.session_of(self.scope)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A socket was refused without the database: %s", type(error).__name__)
            return await self._refuse(503, "database")
        if session is None:
            return await self._refuse(403, "session")
        if seconds := rates.wait("connect", person=session.user_id):
            return await self._refuse(429, "rate", seconds)
        session = session._replace(request_id=request_ids.current.get())
        catalogue.handshakes.add("accepted")
        offered = self.scope.get("subprotocols") or []
        chosen = next((protocol for protocol in offered if protocol in PROTOCOLS), None)
        extensions = self.scope.get("extensions", {})
        park = extensions.get("chatscape.park") if settings.PARKED_SOCKETS else None
        if park is None:
            await self.accept(chosen)
        elif handed := park(chosen):
            parked = ParkedSocket(hub, session, chosen or HTML, handed.descriptor)
            if handed.received:
                parked.receive(handed.received)
            raise StopConsumer
        unsent = extensions.get("chatscape.unsent", lambda: 0)
        self.socket = ConsumerSocket(hub, session, chosen or HTML, self.base_send, unsent)
        await hub.link.entered([user_group(session.user_id)])

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Answer a frame: with what was asked for, or with an error that leaves the socket open."""
        if self.socket:
            await self.socket.answer(message.get("text"), message.get("bytes"))

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer

    async def _refuse(self, status: int, reason: str, retry_after: float = 0) -> None:
        """Refuse the handshake with an HTTP status, where the server can (ASGI 2.3, denial response)."""
        catalogue.handshakes.add(reason)
        if "websocket.http.response" in self.scope.get("extensions", {}):
            headers = [(b"content-length", b"0")]
            if retry_after:
                headers.append((b"retry-after", b"%d" % math.ceil(retry_after)))
            await self.base_send(
                {"type": "websocket.http.response.start", "status": status, "headers": headers}
            )
            await self.base_send({"type": "websocket.http.response.body", "body": b""})
        else:
            await self.close()
        raise StopConsumer
