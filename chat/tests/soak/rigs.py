"""Servers that are killed and come back, with sixteen people in them."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

import psycopg

from chat.tests.soak.audit import Database
from chatscape.testing.parts import PostgresServer, RedisServer, start_postgres, start_redis
from chatscape.testing.processes import exists, family, wait_until
from chatscape.testing.server import Server

PEOPLE = 16
# How soon all workers have ended when nobody is left who would watch over them.
ORPHANS = 20.0
SCENE = f"""
import json
from accounts.tests.people import make_user
from chat.models import Membership, Room
from chat.tests.situations import client_of
people = [make_user(f"Poster {{number}}") for number in range({PEOPLE})]
rooms = [Room.objects.create(kind="group", name=name) for name in ("All of them", "Elsewhere")]
Membership.objects.bulk_create(Membership(room=room, user=person) for room in rooms for person in people)
sessions = {{str(person.id): client_of(person).session.session_key for person in people}}
print(json.dumps({{"rooms": [str(room.id) for room in rooms], "sessions": sessions}}))
"""


class Scene(NamedTuple):
    rooms: list[str]
    # By person.
    sessions: dict[str, str]


class Rig:
    """Servers with one database, and what can be killed of them.

    A victim is a function that kills something and brings it back; it blocks until that serves again.
    """

    def __init__(self, servers: list[Server], database: str) -> None:
        self.servers, self.database = servers, Database(database)
        self.postgres: PostgresServer | None = None
        self.redis: RedisServer | None = None
        self.victims: dict[str, Callable[[Random], None]] = {}
        said = servers[0].manage("shell", "-v0", "-c", SCENE)
        self.scene = Scene(**json.loads(said.strip().splitlines()[-1]))

    def restarted(self, server: Server, random: Random) -> None:
        """Start it again, now and then killing it once more on its way."""
        time.sleep(random.uniform(0, 0.4))
        if random.random() < 0.15:
            server.process = server.spawn()
            time.sleep(random.uniform(0, 1.5))
            server.kill()
        # On a machine that does too much workers may be too slow to start: whoever runs it starts it again.
        for last in (False, False, True):
            try:
                server.start(300)
                return
            except RuntimeError:
                if last:
                    raise

    def kill_web(self, server: Server, random: Random) -> None:
        server.kill()
        self.restarted(server, random)


@contextlib.contextmanager
def embedded(env: Mapping[str, str] | None = None, volume: Path | None = None) -> Iterator[Rig]:
    """The embedded default: one process, SQLite. State and log are on `volume`, if given."""
    with Server(env, port=quiet_port()) as server:
        if volume:
            server.var, server.log = volume / "var", volume / "log"
        server.start(120)
        rig = Rig([server], f"sqlite://{server.var}/chatscape.sqlite3")
        rig.victims["web"] = lambda random: rig.kill_web(server, random)
        yield rig


@contextlib.contextmanager
def cluster(env: Mapping[str, str] | None = None) -> Iterator[Rig]:
    """A server with two workers and one without any, with PostgreSQL and Redis."""
    with start_postgres() as postgres, start_redis() as redis:
        base = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, **(env or {})}
        several = {**base, "WEB_CONCURRENCY": "2"}
        with Server(several, port=quiet_port()) as crew, Server(base, port=quiet_port()) as single:
            crew.start(120)
            single.start(120)
            rig = Rig([crew, single], postgres.url)
            rig.postgres, rig.redis = postgres, redis
            rig.victims.update(
                web=lambda random: rig.kill_web(single, random),
                worker=lambda random: kill_worker(crew, random),
                supervisor=lambda random: kill_supervisor(rig, crew, random),
                redis=lambda random: kill_redis(redis, random),
                postgres=lambda random: kill_postgres(postgres, random),
                backend=lambda random: kill_backend(postgres, random),
            )
            yield rig


def workers(server: Server) -> list[int]:
    return family(server.pid)[1:]


def kill_worker(crew: Server, random: Random) -> None:
    victim = random.choice(workers(crew))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not exists(victim) and len(workers(crew)) == 2, timeout=60, why="another worker")


def kill_supervisor(rig: Rig, crew: Server, random: Random) -> None:
    """The workers must not serve on without it: nobody would replace them, and the port is taken."""
    orphans = workers(crew)
    assert crew.process
    crew.process.kill()
    crew.process.wait()
    wait_until(lambda: not any(map(exists, orphans)), timeout=ORPHANS, why="the end of the workers")
    wait_until(lambda: is_free(crew.port), timeout=5, why="the end of what listens")
    crew.process = None
    rig.restarted(crew, random)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def quiet_port() -> int:
    """Return a port that no client is given: whoever knocks where nobody is would meet themselves one day."""
    return next(port for port in Random().sample(range(20_000, 32_000), 100) if is_free(port))


def kill_redis(redis: RedisServer, random: Random) -> None:
    redis.kill()
    time.sleep(random.uniform(0, 1))
    redis.start()


def kill_postgres(postgres: PostgresServer, random: Random) -> None:
    """All of it, or the one that watches over the others: they notice and end."""
    if random.random() < 0.5:
        postgres.kill()
    else:
        members = family(postgres.pid)
        assert postgres.process
        postgres.process.kill()
        postgres.process.wait()
        postgres.process = None
        wait_until(lambda: not any(map(exists, members)), timeout=30, why="the end of PostgreSQL's processes")
    time.sleep(random.uniform(0, 1))
    postgres.start()


def kill_backend(postgres: PostgresServer, random: Random) -> None:
    """One of its processes: PostgreSQL then ends all others and recovers by itself."""
    os.kill(random.choice(family(postgres.pid)[1:]), signal.SIGKILL)
    time.sleep(0.2)
    wait_until(lambda: answers(postgres), timeout=60, why="PostgreSQL's recovery")


def answers(postgres: PostgresServer) -> bool:
    try:
        psycopg.connect(postgres.url, connect_timeout=5).close()
    except psycopg.Error:
        return False
    return True
