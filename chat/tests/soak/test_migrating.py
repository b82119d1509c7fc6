"""A migration that is killed in the midst is run again, and nothing is half there (OP11, OP12)."""

import os
import random
import subprocess
import sys
import time

import pytest

from chat.tests.realtime.clusters import post, set_scene
from chat.tests.soak.audit import Database
from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT
from chatscape.testing.server import Server

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
    ),
]
KILLS = 5


def applied(database):
    try:
        return database.rows("SELECT count(*) FROM django_migrations")[0][0]
    except Exception:
        # Nothing is there yet.
        return 0


def migrate(env):
    command = [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def killed_while_migrating(env, database):
    """Migrate, killed whenever some more migrations are done; then migrate once more, to the end."""
    for _kill in range(KILLS):
        wanted = applied(database) + random.randint(1, 6)
        process = migrate(env)
        while applied(database) < wanted and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.communicate()
    process = migrate(env)
    _said, complaint = process.communicate()
    assert process.returncode == 0, complaint.decode()


def tables(database):
    """What the database says of its tables."""
    query = "SELECT name, sql FROM sqlite_master"
    if database.url.startswith("postgres"):
        query = (
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        )
    return sorted(map(str, database.rows(query)))


def test_killed_on_sqlite():
    with Server() as whole, Server() as killed:
        whole.prepare()
        (killed.var).mkdir()
        env = {**clean(os.environ), "CHATSCAPE_VAR": str(killed.var)}
        database = Database(f"sqlite://{killed.var}/chatscape.sqlite3")
        killed_while_migrating(env, database)
        assert tables(database) == tables(Database(f"sqlite://{whole.var}/chatscape.sqlite3"))


def test_killed_on_postgres(postgres_server):
    whole, killed = (postgres_server.create_database(name) for name in ("whole", "killed"))
    with Server({"DATABASE_URL": killed}) as server:
        env = {**clean(os.environ), "CHATSCAPE_VAR": str(server.folder)}
        with migrate({**env, "DATABASE_URL": whole}) as process:
            assert process.wait() == 0
        killed_while_migrating({**env, "DATABASE_URL": killed}, Database(killed))
        assert tables(Database(killed)) == tables(Database(whole))
        scene = set_scene(server.start(300))
        assert post(server, scene.alice, scene.room, "It works")[0] == 200
