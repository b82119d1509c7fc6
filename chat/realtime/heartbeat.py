"""Tell every socket the latest revisions of its rooms, and close those that may not stay.

A socket that missed events, for whatever reason, learns it here and catches up; one whose session
has ended, or whose password is another, is closed. It takes three queries for each 500 rooms,
sessions and people of the process, whatever is said in the rooms.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User
from chat.models import Room
from chat.realtime.database import in_database
from chat.realtime.frames import TextFrame, encode
from chat.realtime.socket import Socket

BATCH = 500
SIGN_IN_AGAIN = 4001
T = TypeVar("T")


async def beat(sockets: Sequence[Socket]) -> None:
    """Send one heartbeat to each socket. Raises database errors: then nobody is told anything."""
    if not sockets:
        return
    rooms = {room for socket in sockets for room in socket.rooms}
    revisions = await in_database(_revisions, rooms)
    sessions = await in_database(_live_sessions, {socket.session_key for socket in sockets})
    hashes = await in_database(_session_hashes, {socket.user_id for socket in sockets})
    for socket in sockets:
        try:
            if socket.session_key in sessions and hashes.get(socket.user_id) == socket.session_hash:
                beats = {str(room): revisions[room] for room in socket.rooms if room in revisions}
                socket.send(TextFrame(encode({"heartbeat": beats})))
            else:
                socket.end(SIGN_IN_AGAIN)
        except Exception:  # noqa: S112 - a socket that cannot be written to is closing by itself
            continue


def _revisions(rooms: Iterable[UUID]) -> dict[UUID, int]:
    return {
        room: revision
        for some in _batches(rooms)
        for room, revision in Room.objects.filter(id__in=some).values_list("id", "revision")
    }


def _live_sessions(keys: Iterable[str]) -> set[str]:
    now = timezone.now()
    return {
        key
        for some in _batches(keys)
        for key in Session.objects.filter(session_key__in=some, expire_date__gt=now).values_list(
            "pk", flat=True
        )
    }


def _session_hashes(ids: Iterable[UUID]) -> dict[UUID, str]:
    """What sessions of active people carry: another password, and it is another."""
    return {
        person.id: person.get_session_auth_hash()
        for some in _batches(ids)
        for person in User.objects.filter(id__in=some, is_active=True).only("password")
    }


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while some := list(islice(rest, BATCH)):
        yield some
