"""What else breaks: Redis forgets or hangs, the database is gone or frozen, a worker hangs (OP13)."""

import http.client
import os
import signal
import time

import pytest
import redis

from chat.tests.soak.rigs import cluster, workers
from chat.tests.soak.trials import Crowd, dice
from chatscape.testing.processes import exists, wait_until

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)

# How long something is away.
AWAY = 20.0


def visit(rig, server, path="/"):
    """Return the status of a page, when to come again, and how long the answer took."""
    session, started = next(iter(rig.scene.sessions.values())), time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": f"chatscape_session={session}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Retry-After"], time.monotonic() - started
    finally:
        connection.close()


def everybody_is_signed_in(rig):
    return all(visit(rig, server)[0] == 200 for server in rig.servers)


def forgets(rig, random):
    with redis.Redis.from_url(rig.redis.url) as client:
        client.set("anything", 1)
        client.flushall()
    assert everybody_is_signed_in(rig)


def restarts(rig, random):
    rig.redis.kill()
    assert everybody_is_signed_in(rig)
    rig.redis.start()


def hangs(rig, random):
    rig.redis.pause()
    until = time.monotonic() + AWAY
    try:
        while time.monotonic() < until:
            assert everybody_is_signed_in(rig)
            time.sleep(0.5)
    finally:
        rig.redis.resume()


def database_is_gone(rig, random):
    rig.postgres.kill()
    seen, until = set(), time.monotonic() + AWAY
    while time.monotonic() < until:
        seen.update(visit(rig, server, path)[:2] for server in rig.servers for path in ("/", "/contacts/"))
        time.sleep(0.5)
    rig.postgres.start()
    assert seen == {(503, "5")}


def database_is_frozen(rig, random):
    rig.postgres.pause()
    try:
        time.sleep(AWAY)
        assert visit(rig, rig.servers[0], "/health/live")[0] == 200
    finally:
        rig.postgres.resume()


def worker_hangs(rig, random):
    crew = rig.servers[0]
    hung = random.choice(workers(crew))
    os.kill(hung, signal.SIGSTOP)
    wait_until(lambda: not exists(hung) and len(workers(crew)) == 2, timeout=180, why="another worker")
    assert f"Worker {hung} hangs" in crew.last_words(10**6)


FAULTS = {
    "Redis forgets everything": forgets,
    "Redis restarts": restarts,
    f"Redis hangs for {AWAY:.0f} s": hangs,
    f"the database is gone for {AWAY:.0f} s": database_is_gone,
    f"the database is frozen for {AWAY:.0f} s": database_is_frozen,
    "a worker hangs": worker_hangs,
}


@pytest.mark.soak
async def test_whatever_is_away_for_a_while_nothing_is_lost():
    with cluster() as rig:
        async with Crowd(rig) as crowd:
            for name, fault in FAULTS.items():
                await crowd.through(lambda random, fault=fault: fault(rig, random), dice(name), name)
                print(f"\n{name}: {crowd.last()}")
                if "database" in name:
                    assert crowd.refused > 0
        for server in rig.servers:
            assert "Traceback" not in server.last_words(10**7)
