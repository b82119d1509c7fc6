"""Handshakes that come together are checked together: a thread is asked once for many of them."""

import asyncio

from django.db import DatabaseError, InterfaceError

from chat.realtime import handshake
from chat.realtime.batches import Batches
from chat.realtime.database import in_database
from chat.realtime.handshake import Scope
from chat.realtime.socket import Session

BATCH = 32
# Checks at the same time: the other threads are for frames.
CHECKS = 2
# More are refused before they come here (`chatscape.surge`).
WAITING = 100_000

Outcome = Session | None | Exception

_checks: tuple[asyncio.AbstractEventLoop, Batches[Scope, Session | None]] | None = None


async def session_of(scope: Scope) -> Session | None:
    """Return what `handshake.session_of` does, or raise what it does; for the event loop."""
    global _checks
    loop = asyncio.get_running_loop()
    if _checks is None or _checks[0] is not loop:
        _checks = loop, Batches(_check, kind="handshakes", most=BATCH, at_once=CHECKS, waiting=WAITING)
    return await _checks[1].ask(scope)


def waiting() -> int:
    """Say how many handshakes wait for their check."""
    return len(_checks[1]) if _checks else 0


async def _check(scopes: list[Scope]) -> list[Outcome]:
    return await in_database(_sessions_of, scopes)


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
