"""The socket of a page: checked, then it hears its rooms and asks for what people want done."""

import logging
from typing import Any
from uuid import UUID

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.db import DatabaseError, InterfaceError

from chat.errors import ChatError, UnknownAction, unavailable
from chat.realtime import handshake, requests
from chat.realtime.database import in_database
from chat.realtime.frames import HTML, PROTOCOLS, encode, event_frame, parse, ref_of, refusal, reply
from chat.realtime.groups import room_group, user_group
from chat.realtime.hub import ensure_hub
from chat.realtime.socket import Event

logger = logging.getLogger(__name__)


class ChatConsumer(AsyncWebsocketConsumer):
    """One WebSocket. It has no channel of its own: the hub calls `deliver`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Channels would subscribe every consumer to the layer; here the hub does, once a process.
        self.scope, self.base_send = scope, send
        try:
            await await_many_dispatch([receive], self.dispatch)
        except StopConsumer:
            pass
        finally:
            self._forget()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Not Channels' own dispatch: that hops through a thread around every event.
        handlers = {
            "websocket.connect": self.websocket_connect,
            "websocket.receive": self.websocket_receive,
            "websocket.disconnect": self.websocket_disconnect,
        }
        await handlers[message["type"]](message)

    async def connect(self) -> None:
        """Accept a signed-in person from a page of this server; refuse with 403, or 503 when the
        database cannot say who it is."""
        self.hub = ensure_hub()
        self.rooms: set[UUID] = set()
        self.watching = False
        self.gone = False
        if not handshake.allowed_origin(self.scope):
            return await self._refuse(403)
        try:
            visitor = await in_database(handshake.visitor, self.scope)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A socket was refused without the database: %s", type(error).__name__)
            return await self._refuse(503)
        if visitor is None:
            return await self._refuse(403)
        self.user, self.session_key = visitor
        self.user_id, self.session_hash = self.user.id, self.user.get_session_auth_hash()
        offered = self.scope.get("subprotocols") or []
        chosen = next((protocol for protocol in offered if protocol in PROTOCOLS), None)
        self.protocol = chosen or HTML
        await self.accept(chosen)
        self.hub.sockets.add(self)
        self.hub.subscribe([user_group(self.user_id)], self)
        await self.hub.link.entered([user_group(self.user_id)])

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Answer a frame: with what was asked for, or with an error that leaves the socket open."""
        if self.gone:
            return
        ref = None
        try:
            frame = parse(message.get("text"), message.get("bytes"))
            ref = ref_of(frame)
            action = frame.get("action")
            handler = requests.ACTIONS.get(action) if isinstance(action, str) else None
            if handler is None:
                raise UnknownAction("There is no such action.")
            await self._send(reply(ref, **await handler(self, frame)))
        except ChatError as error:
            await self._send(refusal(ref, error))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A frame was refused without the database: %s", type(error).__name__)
            await self._send(refusal(ref, unavailable()))
        except Exception:
            logger.exception("A frame could not be handled")
            await self._send(refusal(ref, ChatError("Something went wrong here. It has been noted.")))

    def hear(self, *room_ids: UUID) -> None:
        """Let events of rooms arrive. Only for rooms that the person was found to be in."""
        if not self.gone:
            self.rooms.update(room_ids)
            self.hub.subscribe([room_group(room_id) for room_id in room_ids], self)

    async def heard(self, *room_ids: UUID) -> None:
        """Wait until events of these rooms arrive, if they can."""
        await self.hub.link.entered([room_group(room_id) for room_id in room_ids])

    def stop_hearing(self, room_id: UUID) -> None:
        self.rooms.discard(room_id)
        self.hub.unsubscribe(room_group(room_id), self)

    async def deliver(self, event: Event, frames: dict[str, str]) -> None:
        """Send an event of a group this socket hears; `frames` keeps it encoded for the next."""
        if event["name"] == "member.joined" and self.watching:
            self.hear(UUID(event["room"]))
        elif "html" in event and UUID(event["room"]) not in self.rooms:
            # A withheld message reaches its author's pages, of which this one shows another room.
            return
        if self.protocol not in frames:
            frames[self.protocol] = event_frame(event, self.protocol)
        await self._send(frames[self.protocol])

    async def beat(self, revisions: dict[UUID, int]) -> None:
        """Tell the client the latest revisions of the rooms it hears."""
        await self._send(encode({"heartbeat": {str(room): revision for room, revision in revisions.items()}}))

    async def end(self, code: int) -> None:
        """Close the socket and hear nothing more from it."""
        self._forget()
        await self.close(code)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer

    async def _send(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _refuse(self, status: int) -> None:
        """Refuse the handshake with an HTTP status, where the server can (ASGI 2.3, denial response)."""
        if "websocket.http.response" in self.scope.get("extensions", {}):
            headers = [(b"content-length", b"0")]
            await self.base_send(
                {"type": "websocket.http.response.start", "status": status, "headers": headers}
            )
            await self.base_send({"type": "websocket.http.response.body", "body": b""})
        else:
            await self.close()
        raise StopConsumer

    def _forget(self) -> None:
        """Leave nothing behind; what still runs for this socket cannot subscribe it again."""
        self.gone = True
        if hasattr(self, "user_id"):
            self.hub.sockets.discard(self)
            self.hub.unsubscribe(user_group(self.user_id), self)
            for room_id in list(self.rooms):
                self.stop_hearing(room_id)
