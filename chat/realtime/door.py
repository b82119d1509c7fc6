"""Handshakes that come together are checked together: a thread is asked once for many of them."""

from __future__ import annotations

import asyncio
from collections import deque

from django.db import DatabaseError, InterfaceError

from chat.realtime import handshake
from chat.realtime.database import in_database
from chat.realtime.handshake import Scope
from chat.realtime.socket import Session

BATCH = 32
# Checks at the same time: the other threads are for frames.
CHECKS = 2

Outcome = Session | None | Exception


class Door:
    """Asks who is there. What arrives during a check is the next one: nobody waits when few come."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Scope, asyncio.Future[Session | None]]] = deque()
        self._checks: set[asyncio.Task[None]] = set()

    async def session_of(self, scope: Scope) -> Session | None:
        """Return what `handshake.session_of` does, or raise what it does."""
        answer: asyncio.Future[Session | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((scope, answer))
        self._go_on()
        return await answer

    def _go_on(self) -> None:
        while self._waiting and len(self._checks) < CHECKS:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            task = asyncio.get_running_loop().create_task(self._check(batch))
            self._checks.add(task)
            task.add_done_callback(self._checked)

    def _checked(self, task: asyncio.Task[None]) -> None:
        self._checks.discard(task)
        if not task.cancelled():
            self._go_on()

    async def _check(self, batch: list[tuple[Scope, asyncio.Future[Session | None]]]) -> None:
        try:
            outcomes = await in_database(_sessions_of, [scope for scope, _answer in batch])
        except Exception as error:
            outcomes = [error] * len(batch)
        for (_scope, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


def _sessions_of(scopes: list[Scope]) -> list[Outcome]:
    """Check each by itself; without the database none. Runs in a thread."""
    outcomes: list[Outcome] = []
    for scope in scopes:
        try:
            outcomes.append(handshake.session_of(scope))
        except (DatabaseError, InterfaceError) as error:
            # Every further one would wait for it as long.
            return [*outcomes, *[error] * (len(scopes) - len(outcomes))]
        except Exception as error:
            outcomes.append(error)
    return outcomes


_door: tuple[asyncio.AbstractEventLoop, Door] | None = None


async def session_of(scope: Scope) -> Session | None:
    """Return who opens a socket, from the event loop. See `Door.session_of`."""
    global _door
    loop = asyncio.get_running_loop()
    if _door is None or _door[0] is not loop:
        _door = loop, Door()
    return await _door[1].session_of(scope)
