"""200 strangers at two workers: cut at random, without Redis for 10 seconds, beside some that do not read.

`make soak` prints what was measured.
"""

import asyncio
import json
import os
import random
import time
from pathlib import Path

import pytest

from chat.realtime.frames import PROTOCOLS
from chat.realtime.traffic import TOO_SLOW
from chat.tests.realtime.clusters import ask
from chat.tests.realtime.strangers import Stranger
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.server import Server

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
    ),
]

STRANGERS = 200
POSTERS = 20
SLOW = STRANGERS // 20
# Who post long messages: more would be more than this client can read.
LOUD = 6
WITHOUT_REDIS = 10
# How soon all show the same after what went wrong is over.
SOON = 5.0
PEOPLE = f"""
import json
from accounts.tests.people import make_user
from chat.models import Membership, Room
from chat.tests.situations import client_of
people = [make_user(f"Stranger {{number}}") for number in range({STRANGERS})]
room = Room.objects.create(kind="group", name="All of them")
Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
print(json.dumps([str(room.id), *(client_of(person).session.session_key for person in people)]))
"""


@pytest.fixture(scope="module")
def parts():
    with start_postgres() as postgres, start_redis() as redis_server:
        yield postgres, redis_server


@pytest.fixture(scope="module", params=["1", "0"], ids=["parked", "not parked"])
def server(request, parts):
    postgres, redis_server = parts
    env = {
        "DATABASE_URL": postgres.create_database(f"soak{request.param}"),
        "REDIS_URL": redis_server.url,
        "WEB_CONCURRENCY": "2",
        "PARKED_SOCKETS": request.param,
    }
    with Server(env) as server:
        yield server.start(120)


@pytest.fixture(scope="module")
def people(server):
    return json.loads(server.manage("shell", "-v0", "-c", PEOPLE).strip().splitlines()[-1])


class Crowd:
    """The strangers, and what all of them must show in the end."""

    def __init__(self, server, room, sessions):
        self.server, self.room, self.sessions = server, room, sessions
        sent = {}
        self.strangers = [
            Stranger(server.port, session, room, PROTOCOLS[number % 2], sent)
            for number, session in enumerate(sessions)
        ]

    async def come(self):
        # What earlier crowds said is nothing to this one.
        self.before = (await asyncio.to_thread(self._page, 10**15))["head"]
        for some in range(0, STRANGERS, 50):
            coming = [stranger.start(self.before) for stranger in self.strangers[some : some + 50]]
            async with asyncio.timeout(60):
                await asyncio.gather(*(stranger.live.wait() for stranger in coming))

    async def talk(self, seconds, body="Said", posters=POSTERS):
        """Let some post, and all that was begun be answered."""
        until = time.monotonic() + seconds

        async def post_on(stranger):
            while time.monotonic() < until:
                await stranger.post(body)
                await asyncio.sleep(random.uniform(0.5, 1.5))

        await asyncio.gather(*(post_on(stranger) for stranger in self.strangers[:posters]))

    @property
    def head(self):
        return max(sequence for stranger in self.strangers for sequence in stranger.acknowledged.values())

    async def reach(self, head):
        """Wait until all have everything up to a revision; return how long it took."""
        began = time.monotonic()
        async with asyncio.timeout(60):
            while any(stranger.cursor < head for stranger in self.strangers):
                await asyncio.sleep(0.01)
        return time.monotonic() - began

    def check(self):
        """All show what the database has: what was acknowledged, where it was, once, and nothing else."""
        truth, since, more = {}, self.before, True
        while more:
            page = self._page(since)
            truth.update({message["sequence"]: message["client_id"] for message in page["messages"]})
            since, more = page["revision"], page["more"]
        for stranger in self.strangers:
            assert stranger.picture == sorted(truth.items())
        said = [item for stranger in self.strangers for item in stranger.acknowledged.items()]
        assert sorted(said) == sorted((client_id, sequence) for sequence, client_id in truth.items())
        assert len(set(truth.values())) == len(truth)
        return len(truth)

    def _page(self, since):
        path = f"/rooms/{self.room}/messages/?since={since}"
        return json.loads(ask(self.server, "GET", path, self.sessions[0])[1])

    async def close(self):
        await asyncio.gather(*(stranger.close() for stranger in self.strangers))


@pytest.fixture
async def crowd(server, people):
    crowd = Crowd(server, people[0], people[1:])
    await crowd.come()
    yield crowd
    await crowd.close()
    assert "Traceback" not in server.last_words()


def delays(strangers, since, until):
    """The middle and the worst hundredth of how old events were when they were heard."""
    heard = sorted(age for stranger in strangers for at, age in stranger.heard if since <= at < until)
    return heard[len(heard) // 2], heard[len(heard) * 99 // 100]


async def test_random_cuts_lose_and_repeat_nothing(crowd):
    async def cut_on(stranger):
        while True:
            await asyncio.sleep(random.uniform(2, 10))
            stranger.cut()

    cutting = [asyncio.create_task(cut_on(stranger)) for stranger in crowd.strangers]
    await crowd.talk(20)
    for task in cutting:
        task.cancel()
    took = await crowd.reach(crowd.head)
    cuts = sum(stranger.closes.total() for stranger in crowd.strangers)
    print(f"\n{cuts} cuts, {await asyncio.to_thread(crowd.check)} messages, all alike after {took:.2f} s")
    assert cuts > 2 * STRANGERS
    assert took < SOON


# Redis knows nothing of sockets.
@pytest.mark.parametrize("server", ["1"], indirect=True, ids=["parked"])
async def test_without_redis_for_a_while_nothing_is_lost(parts, crowd):
    redis_server = parts[1]
    # They talk all the time.
    talking = asyncio.create_task(crowd.talk(3 + WITHOUT_REDIS + 2 * SOON))
    await asyncio.wait([talking], timeout=3)
    redis_server.kill()
    try:
        await asyncio.wait([talking], timeout=WITHOUT_REDIS)
    finally:
        await asyncio.to_thread(redis_server.start)
    took = await crowd.reach(crowd.head)
    later = time.monotonic()
    await talking
    middle, worst = delays(crowd.strangers, later, time.monotonic())
    print(
        f"\nall alike {took:.2f} s after Redis was back; then events took {middle:.3f} s, p99 {worst:.3f} s"
    )
    await crowd.reach(crowd.head)
    await asyncio.to_thread(crowd.check)
    assert took < SOON
    # Events arrive by themselves again: heartbeats alone would take a second in the middle.
    assert middle < 0.5
    # Nobody was sent away.
    assert not any(stranger.closes for stranger in crowd.strangers)


async def test_those_who_do_not_read_are_closed_and_the_others_do_not_notice(server, crowd):
    # Long messages: what the kernels keep for those who do not read is soon full.
    slow, others = crowd.strangers[-SLOW:], crowd.strangers[:-SLOW]
    body, began = "x" * 4_000, time.monotonic()
    await crowd.talk(5, body, LOUD)
    stopped = time.monotonic()
    for stranger in slow:
        stranger.stop_reading()
    async with asyncio.timeout(60):
        while any(map(server_holds(server), slow)):
            await crowd.talk(3, body, LOUD)
    ended = time.monotonic()
    before, during = delays(others, began, stopped), delays(others, stopped, ended)
    print(
        f"\nevents took {before[0]:.3f} s, p99 {before[1]:.3f} s with all reading; "
        f"{during[0]:.3f} s, p99 {during[1]:.3f} s in the {ended - stopped:.0f} s with {SLOW} who did not"
    )
    assert not any(stranger.closes for stranger in others)
    # Twice as long would be noticed; a tenth of a second is what a busy machine does by itself.
    assert during[0] < max(2 * before[0], 0.1)
    for stranger in slow:
        stranger.read_on()
    await crowd.reach(crowd.head)
    await asyncio.to_thread(crowd.check)
    # Those who read on find out why, unless the server had to cut them.
    assert {code for stranger in slow for code in stranger.closes} <= {TOO_SLOW, 1006}


def server_holds(server):
    """Return what says whether the server still has its end of a stranger's connection."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    own = f":{server.port:04X}"
    held = {row[2][-4:] for row in rows if row[1].endswith(own) and row[3] == "01"}
    return lambda stranger: f"{stranger.local_port:04X}" in held
