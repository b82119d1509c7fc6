"""What every test gets: a state folder of its own, no network, and real parts to use."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatscape.testing import environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from chatscape.testing.browser import Problems
    from chatscape.testing.discretion import Listener
    from chatscape.testing.parts import PostgresServer, RedisServer
    from chatscape.testing.server import Server

# Before Django reads its settings, which pytest-django does once this file is loaded.
STATE = Path(tempfile.mkdtemp(prefix="chatscape-tests-"))
# WhiteNoise wants a folder for collected files; pages show the uncollected ones.
(STATE / "static").mkdir()
environment.prepare(STATE)
environment.forbid_network()


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # A password check that costs what it costs in earnest would be most of the suite's time.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    environment.empty_what_only_grows()
    if worker := getattr(config, "workerinput", {}).get("workerid"):
        environment.own_cache(worker)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_filters() -> None:
    """Do not look for filters in the midst of a test that counts queries, nor know those of another test."""
    from chat import filters

    filters.EVERY = 3.0
    filters.known.due, filters.known.filters = float("inf"), None


@pytest.fixture(scope="session")
def _listener() -> "Listener":
    from chatscape.testing.discretion import listen

    return listen()


@pytest.fixture(autouse=True)
def _discreet_logs(_listener: "Listener") -> "Iterator[Listener]":
    """Fail the test that logs an address, a token or what somebody said."""
    _listener.attach()
    _listener.told()
    yield _listener
    told = _listener.told()
    assert not told, "A log must not hold this:\n" + "\n".join(told)


@pytest.fixture
def redis_server() -> "Iterator[RedisServer]":
    """A real Redis server of this test's own."""
    from chatscape.testing.parts import start_redis

    with start_redis() as server:
        yield server


@pytest.fixture
def postgres_server() -> "Iterator[PostgresServer]":
    """A real PostgreSQL server of this test's own, with an empty database `chatscape`."""
    from chatscape.testing.parts import start_postgres

    with start_postgres() as server:
        yield server


@pytest.fixture
def serve() -> "Iterator[Callable[..., Server]]":
    """Start ChatScape's own process, as often as called: `serve({"REDIS_URL": ...}, port=...)`."""
    from chatscape.testing.server import Server

    started: list[Server] = []

    def start(env: Mapping[str, str] | None = None, *, port: int | None = None) -> Server:
        started.append(Server(env, port=port))
        return started[-1].start()

    yield start
    for server in started:
        # Shown when the test failed.
        sys.stderr.write(server.last_words())
        server.close()


@pytest.fixture(scope="session")
def server() -> "Iterator[Server]":
    """ChatScape's own process, the embedded default, one for all journeys of a run."""
    from chatscape.testing.server import Server

    with Server() as running:
        yield running.start()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A headless Chromium that reaches this machine only."""
    from playwright.sync_api import sync_playwright

    from chatscape.testing.browser import launch

    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def problems() -> "Problems":
    """What pages complained of: console errors, uncaught exceptions, refused by policy, failed requests.

    A test that provokes some forgives them; what is left fails the test.
    """
    from chatscape.testing.browser import Problems

    return Problems()


@pytest.fixture
def new_context(
    browser: "Browser", server: "Server", problems: "Problems"
) -> "Iterator[Callable[..., BrowserContext]]":
    """Open a new, empty browser profile, one for each person: `new_context(viewport=..., ...)`."""
    from chatscape.testing.browser import watch

    opened: list[BrowserContext] = []

    def open_context(**options: Any) -> "BrowserContext":
        context = browser.new_context(**{"base_url": server.url, **options})
        watch(context, problems)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    left = problems.left()
    assert not left, "The browser complained:\n" + "\n".join(left)


@pytest.fixture
def context(new_context: "Callable[..., BrowserContext]") -> "BrowserContext":
    """One person's browser profile."""
    return new_context()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    """One person's page."""
    return context.new_page()
