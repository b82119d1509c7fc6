"""What the hub needs to know of a socket."""

from typing import Any, Protocol
from uuid import UUID

Event = dict[str, Any]


class Subscriber(Protocol):
    """A socket as the hub sees it."""

    async def deliver(self, event: Event, frames: dict[str, str]) -> None:
        """Send an event; `frames` keeps what was encoded for sockets served before."""


class Socket(Subscriber, Protocol):
    """A socket as the heartbeat sees it."""

    session_key: str
    session_hash: str
    user_id: UUID
    rooms: set[UUID]

    async def beat(self, revisions: dict[UUID, int]) -> None:
        """Tell the client the latest revisions of the rooms it hears."""

    async def end(self, code: int) -> None:
        """Close the socket with a code that says why."""
