"""Sockets whose person may not stay: found by looking at all of them in turn, every few seconds.

What ends somebody's access in the application is told at once, by an event (`audience`). This is the
net below it, for what happened beside the application (a row deleted by hand, `manage.py
changepassword`) and for events that were lost. Nothing is asked when a message is delivered.

Every socket is looked at every `ROUND` seconds, in batches of at most `BATCH`, spread over the time,
with two queries each. A process makes at most one batch every `GAP` seconds: 10,000 sockets are
looked at in 4 s, and with more of them a round takes longer in proportion, 20 s for 50,000. While
the database is gone nobody is sent away: they get nothing new, and all would come back at once.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from chat.realtime.database import in_database
from chat.realtime.socket import Socket
from chat.realtime.tasks import cancelled

logger = logging.getLogger(__name__)

SIGN_IN_AGAIN = 4001
ROUND = 4.0
BATCH = 500
GAP = 0.2


class Sweep:
    """Looks at all sockets of a process in turn, for ever."""

    def __init__(self, sockets: Collection[Socket]) -> None:
        self._sockets = sockets
        # What was found right, so that it is not calculated each time: by session hash, a mark of the
        # password it was made from. Only of sockets that were here in this round or the one before.
        self._known: dict[str, int] = {}

    async def run(self) -> None:
        while not cancelled():
            await self.round()

    async def round(self) -> None:
        """Look at each socket once; it takes `ROUND` seconds, or longer when there are very many."""
        sockets, before = list(self._sockets), self._known
        self._known = {}
        gap = max(ROUND * BATCH / max(len(sockets), BATCH), GAP)
        for start in range(0, max(len(sockets), 1), BATCH):
            batch = [socket for socket in sockets[start : start + BATCH] if not socket.gone]
            try:
                for socket in await self._ended(batch, before) if batch else ():
                    socket.end(SIGN_IN_AGAIN)
            except Exception as error:
                logger.warning("Sessions could not be looked at: %s", type(error).__name__)
            await asyncio.sleep(gap)

    async def _ended(self, sockets: Sequence[Socket], before: dict[str, int]) -> list[Socket]:
        """Return those whose session, password or account is not what it was at the handshake."""
        sessions = await in_database(_live_sessions, {socket.session_key for socket in sockets})
        passwords = await in_database(_passwords, {socket.user_id for socket in sockets})
        found, person = [], User()
        for socket in sockets:
            password = passwords.get(socket.user_id)
            if password is None or socket.session_key not in sessions:
                found.append(socket)
                continue
            mark = hash(password)
            if before.get(socket.session_hash) != mark:
                person.password = password
                if person.get_session_auth_hash() != socket.session_hash:
                    found.append(socket)
                    continue
            self._known[socket.session_hash] = mark
        return found


def _live_sessions(keys: Collection[str]) -> set[str]:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = _rows(Session, "session_key", "session_key", keys, "expire_date > %s", now)
    return {key for (key,) in rows}


def _passwords(ids: Iterable[UUID]) -> dict[UUID, str]:
    """The passwords, as they are kept, of those who may use their account."""
    # Rows are matched as the database writes ids: making UUIDs of them would cost more than the query.
    written = {User._meta.pk.get_db_prep_value(person, connection): person for person in ids}
    rows = _rows(User, "id, password", "id", written, "is_active")
    return {written[person]: password for person, password in rows}


def _rows(
    model: type[Model], columns: str, key: str, values: Collection[Any], condition: str, *parameters: Any
) -> Iterable[tuple[Any, ...]]:
    """Select rows by key. Not by the ORM: with hundreds of values it takes three times as long, all day."""
    table, places = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        sql = f"SELECT {columns} FROM {table} WHERE {condition} AND {key} IN ({places})"  # noqa: S608
        cursor.execute(sql, [*parameters, *values])
        yield from cursor.fetchall()
