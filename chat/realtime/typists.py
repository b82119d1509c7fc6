"""Who types where, told to the room and written nowhere; the database is not asked for each frame."""

from __future__ import annotations

import time
from typing import NamedTuple
from uuid import UUID

from chat import events
from chat.errors import muted, room_not_found
from chat.models import Membership, Room
from chat.muting import is_muted
from chat.realtime.database import in_database
from chat.sharing import unblocked

# How long an answer of the database is believed, and the least time between two events of a person in a room.
BELIEVED = 5.0
PAUSE = 2.0


class Place(NamedTuple):
    """What is known of somebody in a room."""

    asked: float
    name: str
    audible: bool


class Typists:
    """The people of this process who type now."""

    def __init__(self) -> None:
        self._places: dict[UUID, dict[UUID, Place]] = {}
        self._told: dict[tuple[UUID, UUID], float] = {}

    async def typing(self, user_id: UUID, room_id: UUID) -> None:
        """Tell a room that somebody types, unless it was told a moment ago.

        In a direct room nobody is told while one of the two blocks the other, in an event never.
        Raises `NotFound` when they are not a member, `Muted` when moderators keep them from saying anything.
        """
        now = time.monotonic()
        place = self._places.get(user_id, {}).get(room_id)
        if place is None or now - place.asked > BELIEVED:
            name, audible = await in_database(_ask, user_id, room_id)
            self._tidy(now)
            place = self._places.setdefault(user_id, {})[room_id] = Place(now, name, audible)
        if place.audible and now - self._told.get((user_id, room_id), -PAUSE) >= PAUSE:
            self._told[user_id, room_id] = now
            events.typing(room_id, user_id, place.name)

    def forget(self, user_id: UUID) -> None:
        """Ask anew about somebody, who may have been muted, or blocked by somebody, or have blocked them."""
        self._places.pop(user_id, None)

    def _tidy(self, now: float) -> None:
        """Drop what has grown old: at most those remain who typed in the last seconds."""
        for places in self._places.values():
            for room_id in [room_id for room_id, place in places.items() if now - place.asked > BELIEVED]:
                del places[room_id]
        for user_id in [user_id for user_id, places in self._places.items() if not places]:
            del self._places[user_id]
        for key in [key for key, told in self._told.items() if now - told > PAUSE]:
            del self._told[key]


def _ask(user_id: UUID, room_id: UUID) -> tuple[str, bool]:
    """Return somebody's name, and whether a room hears that they type. Raises `NotFound` or `Muted`."""
    own = Membership.objects.of(user_id).filter(room=room_id, user__is_active=True)
    found = own.values_list("user__name", "user__muted_until", "room__kind").first()
    if found is None:
        raise room_not_found()
    name, muted_until, kind = found
    if is_muted(muted_until):
        raise muted(muted_until)
    if kind == Room.Kind.DIRECT:
        return name, unblocked().filter(user=user_id, room=room_id).exists()
    return name, kind != Room.Kind.EVENT
