"""One person's socket: who it is and what it hears, whatever carries its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

from chat.realtime.groups import room_group, user_group

if TYPE_CHECKING:
    from chat.realtime.frames import TextFrame
    from chat.realtime.hub import Hub

Event = dict[str, Any]
_rooms: WeakValueDictionary[frozenset[UUID], frozenset[UUID]] = WeakValueDictionary()


class Session(NamedTuple):
    """Whom a socket belongs to, as the handshake found it."""

    user_id: UUID
    session_key: str
    session_hash: str
    # Where it comes from, as limits count it (`chatscape.rates`).
    address: str = ""
    # What the person may do on the server: with another role they come again.
    role: str = ""
    # Of the handshake (`chatscape.request_ids`).
    request_id: str = ""


class Socket:
    """A socket as the hub, the heartbeat and requests see it. Subclasses carry the frames."""

    __slots__ = (
        "address",
        "gone",
        "hub",
        "protocol",
        "request_id",
        "role",
        "rooms",
        "session_hash",
        "session_key",
        "user_id",
        "watching",
    )

    def __init__(self, hub: Hub, session: Session, protocol: str) -> None:
        self.hub = hub
        self.user_id, self.session_key, self.session_hash, self.address, self.role, self.request_id = session
        self.protocol = protocol
        self.rooms: frozenset[UUID] = frozenset()
        self.watching = False
        self.gone = False
        hub.sockets.add(self)
        hub.subscribe([user_group(self.user_id)], self)

    def send(self, frame: TextFrame) -> None:
        """Write a frame, or keep it until the client reads on; never waits, never raises."""
        raise NotImplementedError

    def end(self, code: int, reason: str = "") -> None:
        """Close the socket with a code that says why, and hear nothing more from it."""
        raise NotImplementedError

    def hear(self, *room_ids: UUID) -> None:
        """Let events of rooms arrive. Only for rooms that the person was found to be in."""
        if not self.gone:
            rooms = self.rooms.union(room_ids)
            # Thousands hear the same rooms: they share one set.
            self.rooms = _rooms.setdefault(rooms, rooms)
            self.hub.subscribe([room_group(room_id) for room_id in room_ids], self)

    async def heard(self, *room_ids: UUID) -> None:
        """Wait until events of these rooms arrive, if they can."""
        await self.hub.link.entered([room_group(room_id) for room_id in room_ids])

    def stop_hearing(self, room_id: UUID) -> None:
        self.rooms = self.rooms.difference((room_id,))
        self.hub.unsubscribe(room_group(room_id), self)

    def forget(self) -> None:
        """Leave nothing behind; what still runs for this socket cannot subscribe it again."""
        if self.gone:
            return
        self.gone = True
        self.hub.sockets.discard(self)
        self.hub.unsubscribe(user_group(self.user_id), self)
        for room_id in self.rooms:
            self.hub.unsubscribe(room_group(room_id), self)
        if self.watching:
            self.hub.presence.left(self)
