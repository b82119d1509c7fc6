"""Two workers on one port, with PostgreSQL and Redis: one dies, all are replaced (RT12, OP12, OP14)."""

import asyncio
import os
import signal
import time
from bisect import bisect
from collections import Counter
from itertools import count
from pathlib import Path

import psycopg
import pytest

from chat.tests.realtime.clusters import ask, set_scene, words
from chat.tests.realtime.roamers import Roamer
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.processes import exists, family, wait_until
from chatscape.testing.server import Server

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)

SPREAD = 20


@pytest.fixture(scope="module")
def parts():
    """Return the environment of a server with a database of its own."""
    with start_postgres() as postgres, start_redis() as redis_server:
        numbers = count()

        def parts():
            database = postgres.create_database(f"chatscape{next(numbers)}")
            return {"DATABASE_URL": database, "REDIS_URL": redis_server.url}

        yield parts


@pytest.fixture(scope="module")
def server(parts):
    with Server({**parts(), "WEB_CONCURRENCY": "2", "RESTART_SPREAD": str(SPREAD)}) as server:
        yield server.start(120)


@pytest.fixture(scope="module")
def scene(server):
    return set_scene(server)


@pytest.fixture
async def roam(server, scene):
    """Let so many pages of alice and bob follow their conversation."""
    roamers = []

    async def roam(number):
        new = [Roamer(server.port, (scene.alice, scene.bob)[n % 2], scene.room) for n in range(number)]
        roamers.extend(new)
        for some in range(0, number, 50):
            await asyncio.gather(*(roamer.connect() for roamer in new[some : some + 50]))
        return new

    yield roam
    await asyncio.gather(*(roamer.close() for roamer in roamers))


def workers(server):
    return family(server.pid)[1:]


def sockets_of(pid):
    """How many sockets a process holds, beside those it needs for itself."""
    return sum(str(file.readlink()).startswith("socket:") for file in Path(f"/proc/{pid}/fd").iterdir())


async def test_a_worker_dies_and_nobody_misses_anything(server, roam):
    before = {pid: sockets_of(pid) for pid in workers(server)}
    pages = await roam(60)
    held = {pid: sockets_of(pid) - before[pid] for pid in before}
    assert sum(held.values()) >= 60
    # Nobody has them all.
    assert min(held.values()) >= 1, held
    victim, other = held
    await pages[0].post("Before")
    os.kill(victim, signal.SIGKILL)
    enough = asyncio.Event()
    listening = [asyncio.create_task(page.listen(enough)) for page in pages[1:]]
    for number in range(10):
        await pages[0].post(f"While one is dead {number}")
    wait_until(lambda: len(workers(server)) == 2, timeout=60, why="another worker")
    await pages[0].post("After")
    last = max(pages[0].acknowledged)
    enough.set()
    await asyncio.gather(*listening)
    await asyncio.gather(*(page.reach(last) for page in pages))
    assert sum(bool(page.closed) for page in pages) >= 10
    assert not any(page.refused for page in pages)
    assert len({tuple(page.live.picture) for page in pages}) == 1
    assert words(pages[0].live.picture)[-12:] == list(pages[0].acknowledged.values())
    assert f"Worker {victim} ended by SIGKILL; another takes its place" in server.last_words()
    assert exists(other)


async def restart_under(server, pages, posters):
    """Replace all workers while some pages post and all listen; check that nothing was lost or doubled."""
    old, enough = set(workers(server)), asyncio.Event()
    since = pages[0].live.cursor

    async def post_on(page):
        number = 0
        while not enough.is_set():
            await page.post(f"{id(page)} {number}")
            number += 1
            await asyncio.sleep(0.2)

    posting = [asyncio.create_task(post_on(page)) for page in pages[:posters]]
    listening = [asyncio.create_task(page.listen(enough)) for page in pages[posters:]]
    os.kill(server.pid, signal.SIGHUP)
    started = time.monotonic()
    while old & set(workers(server)):
        assert time.monotonic() - started < 240, server.last_words()
        await asyncio.sleep(0.1)
    enough.set()
    await asyncio.gather(*posting, *listening)

    acknowledged = {sequence: body for page in pages for sequence, body in page.acknowledged.items()}
    last = max(acknowledged)
    await asyncio.gather(*(page.reach(last) for page in pages))
    assert len({tuple(page.live.picture) for page in pages}) == 1
    shown = dict(
        zip((sequence for sequence, _ in pages[0].live.picture), words(pages[0].live.picture), strict=True)
    )
    posted = [body for sequence, body in shown.items() if sequence > since]
    # Acknowledged, and once: nothing else was posted.
    assert Counter(posted) == Counter(body for sequence, body in acknowledged.items() if sequence > since)
    assert max(Counter(posted).values()) == 1
    assert not [page.refused for page in pages if page.refused]
    # Everybody came back, and was told to: as many as had to.
    told = [closed for page in pages for closed in page.closed]
    assert {(code, reason) for _at, code, reason in told} == {(1012, "reconnect after 0-1 s")}
    assert len(told) >= len(pages)
    # And not all at once: each worker has about half of them. Those who post notice later.
    times = sorted(page.closed[0][0] for page in pages[posters:])
    together = max(bisect(times, at + 0.3) - number for number, at in enumerate(times))
    assert together <= len(pages) / 3, times
    return times[-1] - times[0]


async def test_all_workers_are_replaced_and_nothing_is_lost(server, roam):
    await restart_under(server, await roam(120), posters=10)


@pytest.mark.soak
async def test_1000_sockets_are_handed_over_and_nothing_is_lost(server, roam):
    assert await restart_under(server, await roam(1000), posters=20) > SPREAD / 2


async def test_a_worker_may_be_told_to_leave(server, roam):
    pages = await roam(20)
    leaving = workers(server)[0]
    enough = asyncio.Event()
    listening = [asyncio.create_task(page.listen(enough)) for page in pages]
    os.kill(leaving, signal.SIGTERM)
    while exists(leaving) or len(workers(server)) < 2:
        await asyncio.sleep(0.05)
    enough.set()
    await asyncio.gather(*listening)
    assert {page.closed[0][1:] for page in pages if page.closed} == {(1012, "reconnect after 0-1 s")}
    await pages[0].post("All here")
    await asyncio.gather(*(page.reach(max(pages[0].acknowledged)) for page in pages))


async def test_the_end_of_all_workers_is_orderly(parts):
    with Server({**parts(), "WEB_CONCURRENCY": "2"}) as server:
        server.start(120)
        scene = set_scene(server)
        pages = [Roamer(server.port, scene.alice, scene.room) for _ in range(6)]
        for page in pages:
            await page.connect()
        old, started = workers(server), time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert {await page.live.hears_close() for page in pages} == {1012}
        assert {page.live.wire.connection.close_reason for page in pages} == {"reconnect after 1-3 s"}
        assert await asyncio.to_thread(server.process.wait, 12) == 0
        assert time.monotonic() - started < 10
        assert not any(map(exists, old))
        assert "Traceback" not in server.last_words()


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.soak)])
async def test_many_sockets_need_few_database_connections(parts, number):
    env = parts()
    with Server(env) as server:
        server.start(120)
        scene = set_scene(server)
        pages = [Roamer(server.port, (scene.alice, scene.bob)[n % 2], scene.room) for n in range(number)]
        try:
            for some in range(0, number, 50):
                await asyncio.gather(*(page.connect() for page in pages[some : some + 50]))
            visits = (asyncio.to_thread(ask, server, "GET", "/", scene.alice) for _ in range(32))
            await asyncio.gather(*(page.live.done("inbox.watch") for page in pages), *visits)
            await asyncio.gather(*(page.post("Together") for page in pages[:50]))
            assert 1 <= database_connections(env["DATABASE_URL"]) <= 20
        finally:
            await asyncio.gather(*(page.close() for page in pages))


def database_connections(url):
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with psycopg.connect(url) as database:
        return database.execute(query, [database.info.dbname]).fetchone()[0]
