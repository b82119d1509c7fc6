"""The database: reachable, up to date, large enough for all processes, and whole."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from chatscape.doctor import clocks, integrity
from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning

# Of PostgreSQL; Django refuses older ones.
OLDEST = 14
SLOW = 0.1


def look(options: Options) -> Findings:
    _without_pool()
    began = time.monotonic()
    try:
        connection.ensure_connection()
        _ask("SELECT 1")
    except (DatabaseError, InterfaceError, OSError) as problem:
        yield error(f"The database cannot be used: {_first_line(problem)}.", _how_to_reach())
        return
    took = time.monotonic() - began
    parts = (_postgresql if connection.vendor == "postgresql" else _sqlite, _migrations)
    for part in parts:
        yield from part()
    if took > SLOW:
        yield warning(
            f"The database took {took:.1f} seconds to answer.",
            "Have it near: the same network as the server, and not overloaded.",
        )
    yield from integrity.look(deep=options.deep)


def _without_pool() -> None:
    # One connection is enough, and a pool waits for what does not answer.
    connections.settings["default"].get("OPTIONS", {}).pop("pool", None)


def _how_to_reach() -> str:
    if connection.vendor == "sqlite":
        return f"See that the file and its folder can be written: {settings.DATABASES['default']['NAME']}"
    host = urlsplit(settings.DATABASE_URL).hostname or "its host"
    return f"See that PostgreSQL runs on {host}, and that DATABASE_URL has the right host, name and password."


def _ask(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def _sqlite() -> Findings:
    import sqlite3

    name = Path(str(settings.DATABASES["default"]["NAME"]))
    mode = _ask("PRAGMA journal_mode")[0]
    text = f"SQLite {sqlite3.sqlite_version}, {name.name}, {_size_of(name)}."
    if mode == "wal":
        yield ok(text)
    else:
        yield error(
            f"{text} Its journal mode is {mode}, not WAL: readers and writers keep each other waiting.",
            "Its file system cannot share memory: move CHATSCAPE_VAR to a local disk.",
        )
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
    except DatabaseError as problem:
        yield error(f"Nothing can be written to it: {_first_line(problem)}.", _how_to_reach())
    if settings.WEB_CONCURRENCY > 1:
        yield warning(
            "Several processes write to one SQLite file: they wait for each other.",
            "Use PostgreSQL (DATABASE_URL), or one process (WEB_CONCURRENCY=1).",
        )


def _postgresql() -> Findings:
    before = clocks.now()
    [version, theirs] = _ask(
        "SELECT current_setting('server_version_num')::int, extract(epoch FROM clock_timestamp())"
    )
    after = clocks.now()
    shown = _ask("SHOW server_version")[0].split()[0]
    if version // 10_000 < OLDEST:
        yield error(f"PostgreSQL {shown} is too old.", f"Use {OLDEST} or newer.")
    else:
        yield ok(f"PostgreSQL {shown}.")
    yield clocks.compared("the database", float(theirs), before, after)
    if _ask("SHOW transaction_read_only")[0] == "on":
        yield error(
            "The database is read-only: a replica, or set so.",
            "Point DATABASE_URL at the primary; see default_transaction_read_only.",
        )
    if (encoding := _ask("SHOW server_encoding")[0]) != "UTF8":
        yield error(
            f"The database is encoded as {encoding}: not all languages can be kept.",
            "Make one with: createdb --encoding=UTF8 --template=template0",
        )
    yield from _connections()


def _connections() -> Findings:
    most, kept, used = (
        int(value)
        for value in _ask(
            "SELECT current_setting('max_connections'), current_setting('superuser_reserved_connections'),"
            " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
    )
    each, workers = settings.DATABASE_CONNECTIONS, settings.WEB_CONCURRENCY
    # A worker is replaced by another that starts before it has ended.
    wanted = each * (workers + (workers > 1))
    text = f"Up to {wanted} connections from here, {most - kept} are to be had, {used} are in use."
    if wanted > most - kept:
        yield error(
            text,
            f"Set DATABASE_CONNECTIONS={max(2, (most - kept - 5) // (workers + 1))},"
            " or raise max_connections of PostgreSQL.",
        )
    else:
        yield ok(text)


def _migrations() -> Findings:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = set(executor.loader.disk_migrations)
    ours = {app for app, _name in known}
    newer = [each for each in executor.loader.applied_migrations if each[0] in ours and each not in known]
    squashed = {old for each in executor.loader.disk_migrations.values() for old in each.replaces}
    newer = [each for each in newer if each not in squashed]
    if waiting:
        yield error(f"{len(waiting)} migrations wait.", "python manage.py migrate")
    elif newer:
        yield warning(
            f"A newer version has used this database: {len(newer)} migrations are not known here.",
            "Install that version, or restore a backup of this one.",
        )
    else:
        yield ok("All migrations are applied.")


def _size_of(file: Path) -> str:
    try:
        return f"{file.stat().st_size / 1024 / 1024:.1f} MiB"
    except OSError:
        return "in memory"


def _first_line(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return (lines[0] if lines else type(problem).__name__).rstrip(".")
