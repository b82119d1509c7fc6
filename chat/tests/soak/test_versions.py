"""Two versions side by side on one database: a rolling deploy loses nothing (OP12, docs/upgrades.md)."""

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import pytest

from chat.tests.soak.rigs import Rig, quiet_port
from chat.tests.soak.trials import Crowd, dice
from chatscape.testing.machine import ROOT
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.server import Server

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
    ),
]


def git(*arguments):
    """Return what git says, `None` where there is no history."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def same_tables():
    """The oldest version with the tables of today."""
    return git("log", "-1", "--format=%H", "--diff-filter=A", "--", "*/migrations/0*.py")


def older_tables():
    """The version just before the first migration that had to be harmless to it."""
    added = git("log", "--format=%H", "--diff-filter=A", "--", "chat/migrations/0003_held.py")
    return added and git("rev-parse", added.decode().strip() + "^")


class OldServer(Server):
    """The same, of another version: code, templates and static files are its own."""

    name = "older"

    def __init__(self, code, env, **options):
        super().__init__(env, **options)
        self.code = code

    def working_folder(self):
        return self.code

    def command(self):
        return [sys.executable, self.code / "manage.py", "serve"]

    def prepare(self):
        if not self._prepared:
            command = [sys.executable, self.code / "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
            subprocess.run(command, cwd=self.code, env=self.environment(), check=True)
        self._prepared = True


@pytest.fixture(params=[same_tables, older_tables], ids=["same tables", "older tables"])
def code(request, tmp_path):
    commit = request.param()
    archive = commit and git("archive", commit.decode().strip())
    if not archive:
        pytest.skip("there is no history to take an older version from")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(tmp_path, filter="data")
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


async def test_an_older_version_beside_this_one_and_then_not(code, request):
    name = request.node.callspec.id
    with start_postgres() as postgres, start_redis() as redis:
        env = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": "the same for both, and long enough to be one",
        }
        with Server(env, port=quiet_port()) as new, OldServer(code, env, port=quiet_port()) as old:
            # The new one has migrated the database before the old one starts, as when it is taken back.
            rig = Rig([new.start(300), old.start(300)], postgres.url)
            async with Crowd(rig) as crowd:
                await crowd.through(lambda random: time.sleep(3), dice("beside"), "beside")
                print(f"\nan older version with {name}, side by side: {crowd.last()}")
                moving = crowd.posters[1::2]
                assert {poster.port for poster in moving} == {old.port}

                def stops(random):
                    for poster in moving:
                        # From now on the balancer knows the new one only.
                        poster.server, poster.port = new, new.port
                    old.process.send_signal(signal.SIGTERM)
                    assert old.process.wait(60) == 0

                await crowd.through(stops, dice("stops"), "stops")
                print(f"stopped: {crowd.last()}")
                await asyncio.to_thread(crowd.check, 0)
                # All were told when to come back, within the time that so few need.
                assert {code for poster in moving for code in poster.closes} == {1012}
                assert not any(poster.closes for poster in crowd.posters[0::2])
                spread = sorted(poster.joined[-1] for poster in moving)
                print(f"they came back over {spread[-1] - spread[0]:.1f} s")
                assert spread[-1] - spread[0] > 0.5
            for server in (new, old):
                assert "Traceback" not in server.last_words(10**7)
