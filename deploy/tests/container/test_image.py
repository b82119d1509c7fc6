"""The image, built and run as a stranger would: read-only, as nobody in particular (OP9)."""

import re
import time
import uuid

import pytest

from chatscape.testing.machine import ROOT
from chatscape.testing.processes import free_port, wait_until
from deploy.tests.container.engine import Engine, Unusable
from deploy.tests.container.visitor import Visitor

pytestmark = pytest.mark.soak
IMAGE = "localhost/chatscape-tested"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    engine = None
    try:
        engine = Engine(folder)
        engine.build(IMAGE)
    except Unusable as reason:
        pytest.skip(str(reason))
    else:
        yield engine
    finally:
        if engine:
            engine.close()


@pytest.fixture
def state(engine):
    name = f"chatscape-{uuid.uuid4().hex[:12]}"
    engine("volume", "create", name)
    yield name
    engine("volume", "rm", "--force", name, check=False)


@pytest.fixture
def start(engine, state):
    """Start a server with a migrated database: `start(port)` returns its name."""
    engine.run(IMAGE, "migrate", "--verbosity=0", state=state)
    started = []

    def start(port, *words):
        name = f"chatscape-{uuid.uuid4().hex[:12]}"
        engine.start(IMAGE, name, *words, port=port, state=state)
        started.append(name)
        wait_until(lambda: engine.is_healthy(name), timeout=120, why="health")
        return name

    yield start
    for name in started:
        engine("rm", "--force", name, check=False)


def test_the_first_visitor_signs_up_and_what_is_written_survives(engine, start):
    port = free_port()
    name = start(port)
    url = f"http://127.0.0.1:{port}"
    alice = Visitor(url).sign_up("Alice")
    link = alice.invite("Bob", "Hello Bob")
    bob = Visitor(url).sign_up("Bob", link)
    bob.accept()
    (room,) = bob.rooms()
    assert bob.post(room, "Here before the restart").status_code == 200
    assert "/static/" in alice.get("/").text
    style = re.search(r'href="(/static/css/[^"]+\.[0-9a-f]{12}\.css)"', alice.get("/").text)
    assert style
    assert "immutable" in alice.get(style[1]).headers["Cache-Control"]

    engine("stop", "--time", "20", name)
    assert engine.facts(name)["State"]["ExitCode"] == 0
    engine("rm", name)
    start(port)

    page = Visitor(url).sign_in("Alice").get(room).text
    assert "Hello Bob" in page
    assert "Here before the restart" in page


def test_it_may_write_nowhere_but_in_its_state(engine, start):
    name = start(free_port())
    facts = engine.facts(name)
    assert facts["Config"]["User"] == "10001:10001"
    assert facts["Config"]["StopSignal"] in ("SIGTERM", "15", 15)
    assert engine.inside(name, "id", "-u").stdout.strip() == "10001"
    # Beyond the read-only root: what would be writable without it.
    search = "find / -xdev ( -type f -o -type d ) -writable -not -path /tmp -not -path /proc/*"
    found = set(engine.inside(name, *search.split(), check=False).stdout.split())
    assert found <= {"/var/lib/chatscape", "/var/tmp", "/run/lock", "/var/lock"}, found  # noqa: S108
    assert engine.inside(name, "touch", "/srv/app/x", check=False).returncode
    assert engine.inside(name, "touch", "/var/lib/chatscape/x").returncode == 0


def test_it_holds_no_tools_and_no_secrets(engine, start):
    name = start(free_port())
    names = "-name secret_key -o -name .env -o -name pip.conf -o -name .git"
    names += " -o -path */bin/gcc -o -name test_house.py"
    places = "-not -path /var/lib/chatscape/* -not -path /proc/* -not -path /sys/*"
    search = f"find / -xdev {places} ( {names} -o -type f -perm /6000 )"
    out = engine.inside(name, *search.split(), check=False).stdout.split()
    assert out == []
    assert engine.inside(name, "python", "-c", "import pip", check=False).returncode
    history = engine("history", "--no-trunc", IMAGE).stdout
    assert "secret_key" not in history.lower()
    config = str(engine.facts(IMAGE, "image")["Config"])
    assert "PASSWORD" not in config
    assert "SECRET" not in config


def test_every_process_ends_in_time_as_process_1(engine, start):
    """Workers are told, and whoever else has died is buried."""
    name = start(free_port())
    before = time.monotonic()
    engine("kill", "--signal", "TERM", name)
    wait_until(lambda: engine.facts(name)["State"]["Status"] in ("exited", "stopped"), timeout=15, why="end")
    assert time.monotonic() - before < 12
    assert engine.facts(name)["State"]["ExitCode"] == 0


def test_sighup_replaces_the_workers_of_process_1(engine, start, redis_server):
    port = free_port()
    name = start(port, "--env", "WEB_CONCURRENCY=2", "--env", f"REDIS_URL={redis_server.url}")
    workers = engine.inside(name, "sh", "-c", "cat /proc/1/task/1/children").stdout.split()
    assert len(workers) == 2
    engine("kill", "--signal", "HUP", name)

    def are_new():
        now = engine.inside(name, "sh", "-c", "cat /proc/1/task/1/children").stdout.split()
        return len(now) == 2 and not set(now) & set(workers)

    wait_until(are_new, timeout=60, why="new workers")
    assert engine.is_healthy(name)
    assert Visitor(f"http://127.0.0.1:{port}").get("/accounts/login/").status_code == 200
    assert "defunct" not in engine.inside(name, "sh", "-c", "cat /proc/[0-9]*/stat").stdout


def test_the_version_is_what_it_says(engine):
    labels = engine.facts(IMAGE, "image")["Config"]["Labels"]
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert labels["org.opencontainers.image.version"] == version[1]
