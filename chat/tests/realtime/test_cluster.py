"""Two real processes with PostgreSQL and Redis, which freeze and die (RT2, RT3, RT12, RT13)."""

import asyncio
import os
import time
import uuid
from contextlib import suppress

import pytest
import redis
from websockets.exceptions import InvalidStatus

from chat.tests.realtime.clusters import ask, post, set_scene, words
from chat.tests.realtime.followers import Follower
from chat.tests.realtime.pages import Closed, Wired
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.server import Server

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)

# How soon all pages show the same after Redis is back.
SOON = 5


@pytest.fixture(scope="module")
def parts():
    with start_postgres() as postgres, start_redis() as redis_server:
        yield postgres, redis_server


@pytest.fixture(scope="module")
def processes(parts):
    postgres, redis_server = parts
    env = {"DATABASE_URL": postgres.url, "REDIS_URL": redis_server.url}
    with Server(env) as one, Server(env) as two:
        one.start()
        yield one, two.start()


@pytest.fixture(scope="module")
def scene(processes):
    return set_scene(processes[0])


@pytest.fixture
async def follow(scene):
    followers = []

    async def follow(server, session, before=None):
        follower = Follower(await Wired.open(server.port, session))
        if before:
            follower.keep(before)
        await follower.follow(scene.room)
        followers.append(follower)
        return follower

    yield follow
    for follower in followers:
        await follower.close()


async def say(page, room, body):
    """Post over a socket; return the revision and the seconds it took."""
    started = time.monotonic()
    reply = await page.done("message.post", room=room, client_id=str(uuid.uuid4()), body=body)
    return reply["revision"], time.monotonic() - started


async def test_a_message_crosses_processes(processes, scene, follow):
    alice, bob = await follow(processes[0], scene.alice), await follow(processes[1], scene.bob)
    revision, _seconds = await say(alice, scene.room, "Over there")
    await bob.reaches(revision)
    assert words(bob.picture)[-1] == "Over there"


async def test_one_publish_a_message_whatever_the_audience(parts, processes, scene, follow):
    client = redis.Redis.from_url(parts[1].url)

    async def published(sockets, messages=40):
        pages = [await follow(processes[number % 2], scene.bob) for number in range(sockets)]
        before, started = client.info("commandstats")["cmdstat_publish"]["calls"], time.monotonic()
        for number in range(messages):
            revision, _seconds = await say(pages[0], scene.room, f"Message {number}")
        for page in pages:
            await page.reaches(revision)
        # Each process listens to itself at most once a second when the room is silent.
        quiet = 2 * (2 + time.monotonic() - started)
        count = client.info("commandstats")["cmdstat_publish"]["calls"] - before
        # A machine that is too busy publishes fewer: then heartbeats tell.
        assert 0 < count <= messages + quiet

    try:
        await published(1)
        await published(30)
    finally:
        client.close()


async def test_a_frozen_redis_delays_no_answer(parts, processes, scene, follow):
    near, tab = await follow(processes[0], scene.alice), await follow(processes[0], scene.alice)
    far = await follow(processes[1], scene.bob)
    parts[1].pause()
    try:
        for number in range(4):
            revision, seconds = await say(near, scene.room, f"Frozen {number}")
            assert seconds < 2
            code, answer, seconds = post(processes[1], scene.bob, scene.room, f"Frozen page {number}")
            assert code == 200
            assert seconds < 2
        started = time.monotonic()
        late = await follow(processes[0], scene.bob)
        assert time.monotonic() - started < 2
        last = answer["message"]["revision"]
        # Heartbeats come more often: pages need no layer to learn what they missed.
        for page in (near, tab, far, late):
            await page.reaches(last)
    finally:
        parts[1].resume()
    revision, _seconds = await say(near, scene.room, "Thawed")
    for page in (near, tab, far, late):
        await page.reaches(revision)
    assert near.picture == tab.picture == far.picture == late.picture


async def test_a_redis_that_dies_and_returns_loses_nothing(parts, processes, scene, follow):
    near, tab = await follow(processes[0], scene.alice), await follow(processes[0], scene.alice)
    far = await follow(processes[1], scene.bob)
    parts[1].kill()
    for number in range(5):
        revision, seconds = await say(near, scene.room, f"Without {number}")
        assert seconds < 2
        revision, seconds = await say(far, scene.room, f"Answer without {number}")
        assert seconds < 2
    # Pages of the same process hear each other all the same.
    await tab.reaches(revision, SOON)
    parts[1].start()
    for page in (near, tab, far):
        await page.reaches(revision, SOON)
    assert near.picture == tab.picture == far.picture
    # And then events arrive by themselves again, at once.
    revision, _seconds = await say(near, scene.room, "Back")
    await far.reaches(revision, SOON)
    assert "Traceback" not in processes[0].last_words()


async def test_a_moment_without_redis_is_noticed(parts, processes, scene, follow):
    near, far = await follow(processes[0], scene.alice), await follow(processes[1], scene.bob)
    parts[1].kill()
    parts[1].start()
    revision, _seconds = await say(near, scene.room, "In that moment")
    await far.reaches(revision, SOON)


async def test_a_redis_that_forgets_everything_is_nothing_to_people(parts, processes, scene, follow):
    near, far = await follow(processes[0], scene.alice), await follow(processes[1], scene.bob)
    await far.done("inbox.watch")
    client = redis.Redis.from_url(parts[1].url)
    try:
        client.set("anything", 1)
        client.flushall()
    finally:
        client.close()
    revision, _seconds = await say(near, scene.room, "Still here")
    await far.reaches(revision, SOON)
    assert ask(processes[0], "GET", "/", scene.alice, accept="text/html")[0] == 200
    # Who is here is known to the processes, not to Redis.
    async with asyncio.timeout(SOON):
        while not (await near.done("inbox.watch"))["online"]:
            await asyncio.sleep(0.1)


async def test_any_process_serves_any_page(processes, scene, follow):
    one, two = processes
    page, other = await follow(one, scene.bob), await follow(two, scene.alice)
    one.kill()
    try:
        with pytest.raises(Closed):
            await page.hears(lambda frame: False)
        await say(other, scene.room, "While you were away")
        again = await follow(two, scene.bob, page)
        revision, _seconds = await say(other, scene.room, "Welcome back")
        await again.reaches(revision)
        assert words(again.picture)[-2:] == ["While you were away", "Welcome back"]
        assert again.picture == (await follow(two, scene.alice)).picture
    finally:
        one.start()


async def test_without_the_database_nobody_gets_in_and_nothing_is_lost(parts, processes, scene, follow):
    page = await follow(processes[0], scene.alice)
    parts[0].kill()
    try:
        what = {"room": scene.room, "client_id": str(uuid.uuid4()), "body": "Kept by the page"}
        reply = await page.ask("message.post", **what)
        assert (reply["code"], reply["retry_after"]) == ("unavailable", 5)
        with pytest.raises(InvalidStatus) as refusal:
            await Wired.open(processes[0].port, scene.alice, open_timeout=20)
        assert refusal.value.response.status_code == 503
        for path in ("/", f"/rooms/{scene.room}/"):
            status, text, _seconds = ask(processes[0], "GET", path, scene.alice, accept="text/html")
            assert (status, "Back in a moment" in text) == (503, True)
    finally:
        parts[0].start()
    while (reply := await page.ask("message.post", **what))["status"] != "ok":
        assert reply["code"] == "unavailable"
    # The other process finds out with its next handshake that its connections are old.
    fresh = None
    while fresh is None:
        with suppress(InvalidStatus):
            fresh = await follow(processes[1], scene.bob)
    assert words(fresh.picture)[-1] == "Kept by the page"
