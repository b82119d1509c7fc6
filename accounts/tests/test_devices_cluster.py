"""A device that is signed out at one process loses its socket at another within seconds (ID11)."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from accounts.tests.people import PASSWORD
from chat.tests.realtime.clusters import ask
from chat.tests.realtime.pages import Page, Wired
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.server import Server

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)

SOON = 5
PERSON = """
from accounts.tests.people import make_user
from chat.tests.situations import client_of
person = make_user("Person {number}")
print(*(client_of(person).session.session_key for _ in range(3)))
"""
Connect = Callable[[str], Awaitable[Page]]


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[Server, Server]]:
    with start_postgres() as postgres, start_redis() as redis_server:
        parts = {"DATABASE_URL": postgres.url, "REDIS_URL": redis_server.url}
        with Server(parts) as one, Server(parts) as two:
            yield one.start(), two.start()


@pytest.fixture
def sessions(processes: tuple[Server, Server]) -> list[str]:
    """Three sessions of somebody."""
    code = PERSON.format(number=time.monotonic_ns())
    return processes[0].manage("shell", "-v0", "-c", code).strip().splitlines()[-1].split()


@pytest.fixture
async def connect(processes: tuple[Server, Server]) -> AsyncIterator[Connect]:
    pages: list[Page] = []

    async def connect(session: str) -> Page:
        pages.append(Page(await Wired.open(processes[1].port, session)))
        await pages[-1].done("inbox.watch")
        return pages[-1]

    yield connect
    for page in pages:
        await page.close()


def send(server: Server, path: str, session: str, **fields: str) -> int:
    return ask(server, "POST", path, session, accept="text/html", **fields)[0]


def revoke_one(server: Server, session: str) -> None:
    page = ask(server, "GET", "/devices/", session, accept="text/html")[1]
    # The one last seen first: this one, then the last that was signed in.
    [path, *_others] = re.findall(r"/devices/[\w-]{36}/end/", page)
    assert send(server, path, session) == 303


@pytest.mark.parametrize(
    ("how", "ended"),
    [
        (revoke_one, [False, False, True]),
        (lambda server, session: send(server, "/devices/others/", session), [False, True, True]),
        (lambda server, session: send(server, "/devices/logout/", session), [True, True, True]),
    ],
    ids=["one", "everywhere else", "everywhere"],
)
async def test_its_socket_is_closed(
    how: Callable[[Server, str], Any],
    ended: list[bool],
    processes: tuple[Server, Server],
    sessions: list[str],
    connect: Connect,
) -> None:
    pages = [await connect(session) for session in sessions]
    confirmed = await asyncio.to_thread(
        send, processes[0], "/accounts/reauthenticate/", sessions[0], password=PASSWORD
    )
    assert confirmed == 302
    began = time.monotonic()
    await asyncio.to_thread(how, processes[0], sessions[0])
    for page, over in zip(pages, ended, strict=True):
        if over:
            assert await page.hears_close() == 4001
        else:
            await page.done("ping")
    assert time.monotonic() - began < SOON
