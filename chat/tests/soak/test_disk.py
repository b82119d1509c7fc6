"""The disk is full: what is said is refused with a reason, and arrives once when there is room."""

import contextlib
import os
import resource
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from chat.tests.realtime.clusters import ask, post, set_scene
from chat.tests.soak.rigs import Rig, answers, embedded, quiet_port
from chat.tests.soak.trials import Crowd, dice
from chatscape.testing import parts
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.processes import wait_until
from chatscape.testing.server import Server

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)
MIB = 1024 * 1024


@pytest.fixture
def volume(tmp_path):
    """Make a small disk of its own."""
    folder = Path(f"/tmp/chatscape-disk-{uuid.uuid4().hex[:8]}")  # noqa: S108 - others must reach it

    def mounted(size):
        folder.mkdir(mode=0o755)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "chatscape", folder], capture_output=True
        )
        if done.returncode:
            folder.rmdir()
            pytest.skip("making a small disk needs root")
        return folder

    yield mounted
    if folder.exists():
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


@contextlib.contextmanager
def full(volume):
    """Leave no room on a disk for a while."""
    ballast = volume / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 512):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
        try:
            yield
        finally:
            ballast.unlink()


def test_what_cannot_be_written_is_refused_until_it_can_be(serve):
    """Neither the database nor the log can grow any more."""
    server = serve()
    scene = set_scene(server)
    assert post(server, scene.alice, scene.room, "Before")[0] == 200
    what = {"client_id": str(uuid.uuid4()), "body": "Kept by its author"}
    path = f"/rooms/{scene.room}/messages/"
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
    for _again in range(3):
        status, text, _seconds = ask(server, "POST", path, scene.alice, **what)
        assert (status, "unavailable" in text) == (503, True)
    # What is there can be read.
    status, text, _seconds = ask(server, "GET", f"{path}?since=0", scene.bob)
    assert (status, text.count('"sequence"')) == (200, 1)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert ask(server, "POST", path, scene.alice, **what)[0] == 200
    assert ask(server, "POST", path, scene.alice, **what)[0] == 200
    status, text, _seconds = ask(server, "GET", f"{path}?since=0", scene.bob)
    assert text.count('"sequence"') == 2


@pytest.mark.soak
async def test_a_full_disk_loses_nothing(volume):
    disk = volume("48m")
    with embedded(volume=disk) as rig:
        server = rig.servers[0]
        pid = server.pid

        def fill_up(random):
            before = crowd.ledger.refused["unavailable"]
            with full(disk):
                wait_until(
                    lambda: crowd.ledger.refused["unavailable"] > before + 50, timeout=60, why="refusals"
                )
                status = ask(server, "GET", "/", crowd.posters[0].session, accept="text/html")[0]
                assert status == 200

        async with Crowd(rig) as crowd:
            for number in range(3):
                await crowd.through(fill_up, dice(f"disk {number}"), "disk")
                print(f"\nSQLite and its log on a full disk: {crowd.last()}")
        assert server.pid == pid


@pytest.mark.soak
async def test_postgres_on_a_full_disk_loses_nothing(volume, monkeypatch):
    disk = volume("200m")
    monkeypatch.setattr(parts, "_folder", lambda: Path(disk / "postgres"))
    (disk / "postgres").mkdir()
    postgres = start_postgres()
    monkeypatch.undo()
    with (
        postgres,
        start_redis() as redis,
        Server({"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}, port=quiet_port()) as server,
    ):
        rig = Rig([server.start(300)], postgres.url)

        def fill_up(random):
            before, until = crowd.ledger.refused["unavailable"], time.monotonic() + 60
            with full(disk):
                # It has some room of its own: what it writes next may fit.
                while crowd.ledger.refused["unavailable"] < before + 20 and time.monotonic() < until:
                    time.sleep(0.1)
            # It may have given up.
            if not postgres.is_running():
                postgres.process = None
                postgres.start()
            wait_until(lambda: answers(postgres), timeout=60, why="PostgreSQL's recovery")

        async with Crowd(rig) as crowd:
            await crowd.through(fill_up, dice("disk"), "disk")
            print(f"\nPostgreSQL on a full disk: {crowd.last()}")
