"""An upgrade tried on a copy: another process, with a database, a folder and settings of its own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

from chatscape.backup import BackupError, consistency
from chatscape.backup.copies import temporary_database
from chatscape.backup.manifest import Manifest
from chatscape.backup.restoring import How, restore
from chatscape.backup.sealing import Key
from chatscape.backup.tables import applied, loader_of, tables_at

# Whoever runs the rehearsal's own process says so with the name of its folder.
MARK = "CHATSCAPE_REHEARSAL"
# What reaches others: mail, other servers' processes, providers.
OTHERS = (
    "REDIS_URL",
    "EMAIL_URL",
    "DATABASE_URL",
    "CHATSCAPE_VAR",
    "STATIC_ROOT",
    "WEB_CONCURRENCY",
    "PUBLIC_URL",
)
Say = Callable[[str], None]


def rehearse_elsewhere(words: list[str], passphrase: str) -> int:
    """Run this command with the same words in a process that knows only the copy; return its status."""
    with tempfile.TemporaryDirectory(prefix="chatscape-rehearsal-") as name:
        folder = Path(name)
        with temporary_database(folder) as url:
            env = {
                key: value
                for key, value in os.environ.items()
                if key.removesuffix("_FILE") not in OTHERS and not key.startswith(("AWS_", "METRICS_"))
            }
            env |= {"DATABASE_URL": url, "CHATSCAPE_VAR": name, MARK: name, "LOG_LEVEL": "ERROR"}
            if passphrase:
                env.pop("BACKUP_PASSPHRASE_FILE", None)
                env["BACKUP_PASSPHRASE"] = passphrase
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "rehearse", *words]
            return subprocess.run(command, env=env, check=False).returncode


def is_elsewhere() -> bool:
    """Say whether this is that process: its state, and its database, are the copy's."""
    return os.environ.get(MARK, "") == str(settings.VAR_DIR)


def rehearse(file: BinaryIO, key: Key, say: Say) -> None:
    """Take a backup in, upgrade it, and look whether all is well. Raises `BackupError` for what is not."""
    with _timed("restore", say):
        manifest = restore(file, key, How(migrate=False), lambda _line: None)
    steps = _migrate(say)
    try:
        call_command("check", fail_level="ERROR", verbosity=0)
    except SystemCheckError as error:
        raise BackupError(f"Checks found errors: {' '.join(str(error).split())[:300]}") from error
    say("checks: no errors")
    wrong = consistency.problems()
    if wrong:
        raise BackupError(f"The rows do not agree: {'; '.join(wrong)}.")
    say("rows: agree with each other")
    _compare(manifest, steps, say)
    _look_at_pages(say)


def _migrate(say: Say) -> int:
    """Apply what is new, saying how long each step takes; then what follows every migration."""
    began, steps = time.monotonic(), 0

    def told(action: str, migration: Migration | None = None, fake: bool = False) -> None:
        nonlocal began, steps
        if action == "apply_start":
            began = time.monotonic()
        elif action == "apply_success":
            steps += 1
            say(f"migration {migration}: {time.monotonic() - began:.2f} s")

    # Called with one word, two or three.
    progress: Any = told
    executor = MigrationExecutor(connection, progress)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    try:
        executor.migrate(executor.loader.graph.leaf_nodes(), plan)
        # Content types and permissions.
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        raise BackupError(f"The upgrade fails: {type(error).__name__} in {_last_of(plan, steps)}.") from error
    say(f"migrations: {steps} applied")
    return steps


def _last_of(plan: Sequence[tuple[Migration, bool]], steps: int) -> str:
    return str(plan[steps][0]) if steps < len(plan) else "what follows the migrations"


def _compare(manifest: Manifest, steps: int, say: Say) -> None:
    """Count rows, and compare the hashes of tables that no migration has changed."""
    loader = loader_of(DEFAULT_DB_ALIAS)
    now = {table.name: table for table in tables_at(loader, applied(loader))}
    same = 0
    for name, part in manifest.tables.items():
        if name not in now:
            say(f"table {name}: gone, {part.count:,} rows")
            continue
        count, digest = now[name].digest(DEFAULT_DB_ALIAS)
        if digest == part.sha256:
            same += 1
        elif not steps:
            raise BackupError(f"The table {name} is not what was saved.")
        else:
            how = "other columns" if now[name].columns != manifest.about.columns[name] else "other values"
            say(f"table {name}: {how}, {part.count:,} rows before, {count:,} now")
    say(f"tables: {same} of {len(manifest.tables)} as they were, {manifest.rows:,} rows saved")


def _look_at_pages(say: Say) -> None:
    """Ask for pages as somebody who is there would."""
    from django.test import Client

    from accounts.models import User
    from chat.models import Membership

    settings.ALLOWED_HOSTS.append("testserver")
    person = User.objects.filter(is_active=True, memberships__isnull=False).order_by("pk").first()
    person = person or User.objects.filter(is_active=True).order_by("pk").first()
    pages = ["/", "/health/ready", "/accounts/login/"]
    client = Client()
    if person:
        client.force_login(person)
        pages = ["/", "/contacts/", "/profile/", "/devices/", "/health/ready"]
        pages += [
            f"/rooms/{room}/" for room in Membership.objects.of(person).values_list("room", flat=True)[:3]
        ]
    for page in pages:
        client.raise_request_exception = False
        status = client.get(page).status_code
        if status not in (200, 302):
            raise BackupError(f"The page {page.split('/')[1] or '/'} answers {status}.")
    say(f"pages: {len(pages)} answer")


@contextmanager
def _timed(what: str, say: Say) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.2f} s")
