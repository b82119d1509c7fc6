"""Sockets whose person may not stay, or not in a room: found by looking at all of them every few seconds.

What ends somebody's access in the application is told at once, by an event (`audience`). This is the
net below it, for what happened beside the application (a row deleted by hand, `manage.py
changepassword`) and for events that were lost. Nothing is asked when a message is delivered.

Every socket is looked at every `ROUND` seconds, in batches of at most `BATCH`, spread over the time,
with three queries each, and one more when memberships have changed; every few minutes it is noted when their
devices were last seen. A process makes at most one
batch every `GAP` seconds: 7,500 sockets are looked at in 3 s, and with more of them a round takes
longer in proportion, 20 s for 50,000. While the database is gone nobody is sent away: they get
nothing new, and all would come back at once.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.devices import SEEN_EVERY, seen_connected
from accounts.models import User
from chat.models import Membership
from chat.realtime.database import in_database
from chat.realtime.frames import TextFrame, event_text
from chat.realtime.socket import Socket
from chat.realtime.tasks import cancelled

logger = logging.getLogger(__name__)

SIGN_IN_AGAIN = 4001
# What the person may do on the server has changed: the page comes anew.
ACCESS_CHANGED = 4003
ROUND = 3.0
BATCH = 500
GAP = 0.2


class Sweep:
    """Looks at all sockets of a process in turn, for ever."""

    def __init__(self, sockets: Collection[Socket]) -> None:
        self._sockets = sockets
        # What was found right, so that it is not calculated each time: by session hash, a mark of the
        # password it was made from. Only of sockets that were here in this round or the one before.
        self._known: dict[str, int] = {}
        # Who was found to be in the rooms they hear: hashes of (person, memberships, rooms). Whoever is in
        # a thousand rooms is not read anew each time.
        self._members: set[int] = set()
        self._seen_again = time.monotonic() + SEEN_EVERY.total_seconds()

    async def run(self) -> None:
        while not cancelled():
            await self.round()

    async def round(self) -> None:
        """Look at each socket once; it takes `ROUND` seconds, or longer when there are very many."""
        sockets, before, members = list(self._sockets), self._known, self._members
        self._known, self._members = {}, set()
        note_seen = time.monotonic() >= self._seen_again
        if note_seen:
            self._seen_again = time.monotonic() + SEEN_EVERY.total_seconds()
        gap = max(ROUND * BATCH / max(len(sockets), BATCH), GAP)
        for start in range(0, max(len(sockets), 1), BATCH):
            batch = [socket for socket in sockets[start : start + BATCH] if not socket.gone]
            try:
                for socket, code in await self._ended(batch, before) if batch else ():
                    socket.end(code)
                await self._silence(batch, members)
                if note_seen and (seen := {socket.session_key for socket in batch if not socket.gone}):
                    await in_database(seen_connected, seen)
            except Exception as error:
                logger.warning("Sessions could not be looked at: %s", type(error).__name__)
            await asyncio.sleep(gap)

    async def _ended(self, sockets: Sequence[Socket], before: dict[str, int]) -> list[tuple[Socket, int]]:
        """Return those whose session, password, account or role is not what it was at the handshake."""
        sessions = await in_database(_live_sessions, {socket.session_key for socket in sockets})
        people = await in_database(_people, {socket.user_id for socket in sockets})
        found, person = list[tuple[Socket, int]](), User()
        for socket in sockets:
            password, role = people.get(socket.user_id, (None, ""))
            if password is None or socket.session_key not in sessions:
                found.append((socket, SIGN_IN_AGAIN))
                continue
            mark = hash(password)
            if before.get(socket.session_hash) != mark:
                person.password = password
                if person.get_session_auth_hash() != socket.session_hash:
                    found.append((socket, SIGN_IN_AGAIN))
                    continue
            self._known[socket.session_hash] = mark
            if role != socket.role:
                found.append((socket, ACCESS_CHANGED))
        return found

    async def _silence(self, sockets: Iterable[Socket], before: Collection[int]) -> None:
        """Stop sockets from hearing rooms that their person is not in any more."""
        # Rooms as they are now: what a socket joins meanwhile may be newer than what is read.
        hearing = [(socket, socket.rooms) for socket in sockets if socket.rooms and not socket.gone]
        if not hearing:
            return
        now = await in_database(_memberships, {socket.user_id for socket, _rooms in hearing})
        marks = [hash((socket.user_id, now.get(socket.user_id), rooms)) for socket, rooms in hearing]
        unsure = [pair for pair, mark in zip(hearing, marks, strict=True) if mark not in before]
        if unsure:
            own = await in_database(_rooms, {socket.user_id for socket, _rooms in unsure})
            for socket, rooms in unsure:
                for room in rooms.difference(own.get(socket.user_id, ())):
                    silence(socket, room)
        self._members.update(marks)


def silence(socket: Socket, room: UUID) -> None:
    """Let a socket hear a room no longer, and tell its page."""
    socket.stop_hearing(room)
    try:
        socket.send(TextFrame(event_text({"name": "member.left", "room": str(room)}, socket.protocol)))
    except Exception as error:
        logger.info("A socket could not be written to: %s", type(error).__name__)


def _live_sessions(keys: Collection[str]) -> set[str]:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return {key for (key,) in _rows(Session, "session_key", keys, "session_key", "AND expire_date > %s", now)}


def _people(ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """The passwords, as they are kept, and the roles of those who may use their account."""
    written = _written(ids)
    rows = _rows(User, "id", written, "id, password, role", "AND is_active")
    return {written[person]: (password, role) for person, password, role in rows}


def _memberships(ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """How many memberships each has, and the sum of their numbers: another of them, another sum."""
    written = _written(ids)
    rows = _rows(Membership, "user_id", written, "user_id, COUNT(*), SUM(id)", "GROUP BY user_id")
    return {written[person]: (count, int(total)) for person, count, total in rows}


def _rooms(ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for person, room in Membership.objects.filter(user__in=ids).values_list("user", "room"):
        found.setdefault(person, set()).add(room)
    return found


def _written(ids: Iterable[UUID]) -> dict[Any, UUID]:
    """People by their id as the database writes it: making UUIDs of rows would cost more than the query."""
    return {User._meta.pk.get_db_prep_value(person, connection): person for person in ids}


def _rows(
    model: type[Model], key: str, values: Collection[Any], columns: str, rest: str, *parameters: Any
) -> Iterable[tuple[Any, ...]]:
    """Select rows by key. Not by the ORM: with hundreds of values it takes three times as long, all day."""
    table, places = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        sql = f"SELECT {columns} FROM {table} WHERE {key} IN ({places}) {rest}"  # noqa: S608
        cursor.execute(sql, [*values, *parameters])
        yield from cursor.fetchall()
