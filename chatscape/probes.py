"""Looks at what the server stands on: each in a thread of its own, one at a time, and not too often.

Whoever asks gets the last finding while it is fresh. A look that does not come back, at a frozen database
say, holds up one thread, and whoever asks for a moment at most, however many ask.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, ProgrammingError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from redis.backoff import NoBackoff
from redis.retry import Retry

OK, GONE, DEGRADED, NOT_CONFIGURED = "ok", "gone", "degraded", "not configured"
# How long somebody who asks waits for a look, and how long a finding is fresh (seconds).
PATIENCE, FRESH = 1.5, 1.0
# How long it counts that all migrations are applied, and that a file could be written.
APPLIED_FRESH, WRITTEN_FRESH = 60.0, 10.0
# With less there is not much time left.
LITTLE_SPACE = 256 * 1024 * 1024
MISSING = "migrations missing"
# A server that is gone without a good-bye is noticed in seconds (libpq, milliseconds where it says so).
_DATABASE = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}


class Probe:
    """Something to look at. `look` returns what it finds; whatever it raises means that it is gone."""

    def __init__(self, look: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._lock = threading.Lock()
        self._found, self._at = GONE, float("-inf")
        self._looking: threading.Event | None = None
        self._since = 0.0

    def begin(self) -> None:
        """Look, unless somebody does, or just did."""
        with self._lock:
            if self._looking or self._clock() - self._at < FRESH:
                return
            self._looking, self._since = threading.Event(), self._clock()
            # Nobody waits for it at the end of the process.
            threading.Thread(target=self._run, args=(self._looking,), name="probe", daemon=True).start()

    def found(self) -> str:
        """Return the finding; one that has not come in time is `GONE`."""
        with self._lock:
            looking = self._looking
            patience = PATIENCE - (self._clock() - self._since)
        if looking and not looking.wait(max(0.0, patience)):
            return GONE
        return self._found

    def _run(self, looking: threading.Event) -> None:
        try:
            found = self._look()
        except Exception:
            found = GONE
        with self._lock:
            self._found, self._at, self._looking = found, self._clock(), None
        looking.set()


class Database:
    """Looks whether the database answers and has all tables, over a connection of its own.

    So it says what is true while all connections of the pool are in use, and takes none away.
    """

    def __init__(self) -> None:
        self._wanted: set[tuple[str, str]] | None = None
        self._applied = float("-inf")

    def __call__(self) -> str:
        own = _without_pool()
        try:
            with own.cursor() as cursor:
                # Not `SELECT 1`: SQLite would not look at its file.
                cursor.execute("SELECT app, name FROM django_migrations LIMIT 1")
                if time.monotonic() - self._applied < APPLIED_FRESH:
                    return OK
                cursor.execute("SELECT app, name FROM django_migrations")
                if self._missing(set(cursor.fetchall())):
                    return MISSING
        except DatabaseError as error:
            if isinstance(error, ProgrammingError) or "no such table" in str(error):
                return MISSING
            raise
        finally:
            own.close()
        self._applied = time.monotonic()
        return OK

    def _missing(self, applied: set[tuple[str, str]]) -> bool:
        if self._wanted is None:
            loader = MigrationLoader(None)
            # One that replaces others may stand there by their names.
            self._wanted = set(loader.disk_migrations) - set(loader.replacements)
        return bool(self._wanted - applied)


class Redis:
    """Looks whether Redis answers, and whether events come through."""

    def __call__(self) -> str:
        from chat.realtime.hub import running_hub

        if not settings.REDIS_URL:
            return NOT_CONFIGURED
        patience = {"socket_connect_timeout": 1, "socket_timeout": 1}
        client = redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **patience)
        try:
            client.ping()
        finally:
            client.close()
        hub = running_hub()
        return DEGRADED if hub and hub.link.lost else OK


class Storage:
    """Looks whether files can be written, and whether there is room for more."""

    def __init__(self) -> None:
        self._written = float("-inf")

    def __call__(self) -> str:
        folders = [Path(settings.VAR_DIR)]
        if (
            connection.vendor == "sqlite"
            and (file := Path(str(connection.settings_dict["NAME"]))).parent.is_dir()
        ):
            folders.append(file.parent)
        if time.monotonic() - self._written > WRITTEN_FRESH:
            for folder in folders:
                with tempfile.TemporaryFile(dir=folder) as written:
                    written.write(b"\0" * 4096)
                    written.flush()
                    os.fsync(written.fileno())
            self._written = time.monotonic()
        room = min(shutil.disk_usage(folder).free for folder in folders)
        return DEGRADED if room < LITTLE_SPACE else OK


def _without_pool() -> BaseDatabaseWrapper:
    own: BaseDatabaseWrapper = connections[DEFAULT_DB_ALIAS].copy()
    options = own.settings_dict["OPTIONS"]
    options.pop("pool", None)
    if own.vendor == "postgresql":
        options.update(_DATABASE)
    else:
        options["timeout"] = 1
    return own
