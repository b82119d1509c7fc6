"""Who is here, known to every process and written nowhere.

Somebody is here while one of their pages watches the inbox at some process, and for `LINGER` seconds
after, so that a reload is no news. Told of it are those who have a direct room with them, when both
show it and neither blocks the other: `chat.sharing` says who, once for each page that begins to
watch. People without such a room, the crowd of an event, cost nothing.

Each process knows its own people. It tells the others what changed, at most once a `TICK`, and
everything every `SNAPSHOT` seconds; one that has not been heard for `FORGET` seconds is forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from channels.layers import get_channel_layer

from chat.realtime.groups import user_group
from chat.realtime.lanes import fan_out
from chat.realtime.link import HUBS
from chat.realtime.socket import Event, Socket
from chat.realtime.tasks import cancelled

if TYPE_CHECKING:
    from chat.realtime.hub import Hub

logger = logging.getLogger(__name__)

TICK = 1.0
LINGER = 10.0
SNAPSHOT = 30.0
FORGET = 90.0
# A person as the 16 bytes of their id: between processes many travel as one string of bytes.
Person = bytes


class Presence:
    """The people of this process and of the others, and who of this process is told of whom."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = uuid4().hex
        self._here: set[Person] = set()
        self._there: dict[str, tuple[set[Person], float]] = {}
        self._watchers: dict[Person, set[UUID]] = {}
        self._watched: dict[UUID, tuple[Person, ...]] = {}
        # Who went away, and when they count as gone: in this order.
        self._leaving: dict[UUID, float] = {}
        self._came: set[Person] = set()
        self._went: set[Person] = set()
        self._changed: set[Person] = set()
        # Who was online when the watchers were last told.
        self._shown: set[Person] = set()
        self._snapshot_at: float | None = None
        # Raised when what somebody may know has changed: an answer read before is out of date.
        self.version = 0

    def watch(self, user_id: UUID, peers: Iterable[UUID]) -> list[UUID]:
        """Tell somebody's watching pages of these people from now on; returns who of them is here.

        Whoever may know of nobody is shown to nobody.
        """
        known = tuple(peer.bytes for peer in peers)
        self._index(user_id, known)
        self._leaving.pop(user_id, None)
        if known:
            self._arrive(user_id.bytes)
        else:
            self._depart(user_id.bytes)
        # As the watchers were last told: what has changed since, all are told with the next tick.
        return [UUID(bytes=peer) for peer in known if peer in self._shown]

    def forget(self, user_id: UUID) -> None:
        """Tell somebody of nobody, until they ask anew: what they may know has changed."""
        self.version += 1
        self._index(user_id, ())

    def left(self, socket: Socket) -> None:
        """Count a person as gone in a while, when their last watching socket of this process has gone."""
        if socket.user_id.bytes in self._here and not self._is_watching(socket.user_id):
            self._leaving[socket.user_id] = self._hub.loop.time() + LINGER

    def hear(self, message: Event) -> None:
        """Take in what a process says of its people."""
        process = message["process"]
        if process == self._process:
            return
        before, _heard = self._there.get(process, (set(), 0.0))
        if "all" in message:
            people = set(_people(message["all"]))
            self._changed |= people ^ before
        else:
            came, went = set(_people(message["came"])), set(_people(message["went"]))
            people = (before | came) - went
            self._changed |= came | went
        self._there[process] = people, self._hub.loop.time()
        if message.get("new"):
            # It knows nobody yet: everything is told with the next tick.
            self._snapshot_at = -SNAPSHOT

    async def run(self) -> None:
        """Tell what changed, for ever."""
        while not cancelled():
            await asyncio.sleep(TICK)
            try:
                self._settle(self._hub.loop.time())
                await self._tell_watchers()
            except Exception as error:
                logger.warning("Presence was not told: %s", type(error).__name__)

    async def end(self) -> None:
        """Say that nobody is here any more: the process ends, and its outbox with it."""
        if self._hub.link.healthy and self._here:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(TICK):
                    nobody = {"type": "presence", "process": self._process, "all": b""}
                    await get_channel_layer().group_send(HUBS, nobody)

    def _settle(self, now: float) -> None:
        while self._leaving and next(iter(self._leaving.values())) <= now:
            user_id = next(iter(self._leaving))
            del self._leaving[user_id]
            if not self._is_watching(user_id):
                self._index(user_id, ())
                self._depart(user_id.bytes)
        for process in [process for process, (_people, heard) in self._there.items() if now - heard > FORGET]:
            people, _heard = self._there.pop(process)
            self._changed |= people
        if self._snapshot_at is None or now - self._snapshot_at >= SNAPSHOT:
            first, self._snapshot_at = self._snapshot_at is None, now
            self._tell_others(all=b"".join(self._here), new=first)
        elif self._came or self._went:
            self._tell_others(came=b"".join(self._came), went=b"".join(self._went))
        self._came, self._went = set(), set()

    async def _tell_watchers(self) -> None:
        changed, self._changed = self._changed, set()
        told: dict[UUID, list[Event]] = {}
        for person in changed:
            online = self._online(person)
            if online == (person in self._shown):
                continue
            (self._shown.add if online else self._shown.discard)(person)
            event = {"name": "presence.changed", "user": str(UUID(bytes=person)), "online": online}
            for watcher in self._watchers.get(person, ()):
                told.setdefault(watcher, []).append(event)
        for watcher, events in told.items():
            await fan_out(list(self._watching(watcher)), events)

    def _tell_others(self, **what: bytes | bool) -> None:
        self._hub.link.send_soon(HUBS, {"type": "presence", "process": self._process, **what})

    def _arrive(self, person: Person) -> None:
        if person not in self._here:
            self._here.add(person)
            self._came.add(person)
            self._went.discard(person)
            self._changed.add(person)

    def _depart(self, person: Person) -> None:
        if person in self._here:
            self._here.discard(person)
            self._went.add(person)
            self._came.discard(person)
            self._changed.add(person)

    def _online(self, person: Person) -> bool:
        return person in self._here or any(person in people for people, _heard in self._there.values())

    def _index(self, user_id: UUID, known: tuple[Person, ...]) -> None:
        for person in self._watched.pop(user_id, ()):
            watchers = self._watchers.get(person, set())
            watchers.discard(user_id)
            if not watchers:
                self._watchers.pop(person, None)
        for person in known:
            self._watchers.setdefault(person, set()).add(user_id)
        if known:
            self._watched[user_id] = known

    def _watching(self, user_id: UUID) -> Collection[Socket]:
        sockets = self._hub.groups.get(user_group(user_id), ())
        return [socket for socket in sockets if socket.watching]

    def _is_watching(self, user_id: UUID) -> bool:
        return bool(self._watching(user_id))


def _people(packed: bytes) -> Iterable[Person]:
    return (packed[start : start + 16] for start in range(0, len(packed), 16))
