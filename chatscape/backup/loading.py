"""Putting the tables of a backup into a database, in one transaction."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DataError, OperationalError

from chatscape.backup import BackupError, canonical, first_line
from chatscape.backup.manifest import About, Manifest
from chatscape.backup.tables import (
    MIGRATIONS,
    Table,
    loader_of,
    refuse_unknown,
    tables_at,
)

# What is there on a server that nobody has used yet.
EMPTY_ALL_THE_SAME = {MIGRATIONS, "django_content_type", "auth_permission", "django_session"}
# SQLite takes this many values in one statement, whatever it was built with.
VALUES_MOST = 900
# Not a block of a file.
_LOCKED = re.compile(r"\b(dead)?lock")


def known_tables() -> list[str]:
    """Return the tables of this database that are ChatScape's, as far as this code knows."""
    loader = loader_of(DEFAULT_DB_ALIAS)
    state = [key for key in loader.applied_migrations if key in loader.disk_migrations]
    known = {table.name for table in tables_at(loader, state)} | {MIGRATIONS}
    with connection.cursor() as cursor:
        return sorted(known.intersection(connection.introspection.table_names(cursor)))


def is_empty() -> bool:
    """Say whether nobody has used this database yet."""
    with connection.cursor() as cursor:
        for name in set(known_tables()) - EMPTY_ALL_THE_SAME:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(name)} LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                return False
    return True


def refuse_newer(about: About) -> None:
    """Raise `BackupError` for a backup that this code is too old for."""
    what = f"The backup was made by newer code (ChatScape {about.version:.20})"
    refuse_unknown(loader_of(DEFAULT_DB_ALIAS), about.migrations, what)


@contextmanager
def rebuilding() -> Iterator[None]:
    """Run a transaction in which tables may go and come; whatever is raised undoes all of it."""
    if connection.in_atomic_block:
        raise RuntimeError("a restore is a transaction of its own")
    # SQLite changes no tables while it looks at foreign keys, and cannot stop looking in a transaction.
    connection.disable_constraint_checking()
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '10s'")
            yield
    except DatabaseError as error:
        if isinstance(error, OperationalError) and _LOCKED.search(str(error)):
            raise BackupError("Somebody uses the database: stop the server, then try again.") from error
        raise BackupError(f"The database refuses: {first_line(error)}") from error
    finally:
        connection.enable_constraint_checking()


class Loader:
    """Makes the tables of a backup and fills them; used within `rebuilding`."""

    def __init__(self, about: About) -> None:
        self.about = about
        _drop(known_tables())
        self.tables = {table.name: table for table in _make(about)}
        for name, columns in about.columns.items():
            if name not in self.tables or self.tables[name].columns != columns:
                raise BackupError(f"The backup is not ours: the table {name} has other columns.")
        self._inserts: dict[str, Callable[[list[bytes]], None]] = {}

    def rows(self, name: str, lines: list[bytes]) -> None:
        if name not in self._inserts:
            self._inserts[name] = _inserter(self.tables[name])
        try:
            self._inserts[name](lines)
        except (DataError, IntegrityError, OverflowError) as error:
            raise BackupError(f"The database cannot keep a row of {name}: {first_line(error)}") from error

    def finish(self, manifest: Manifest) -> None:
        """Let new rows have new keys, and compare what is there now with what was saved."""
        with connection.cursor() as cursor:
            models = [table.model for table in self.tables.values()]
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
        try:
            connection.check_constraints()
        except IntegrityError as error:
            raise BackupError(f"The backup is damaged: {first_line(error)}") from error
        for name, part in manifest.tables.items():
            if self.tables[name].digest(DEFAULT_DB_ALIAS) != (part.count, part.sha256):
                raise BackupError(f"The table {name} is not in the database what it is in the backup.")


def _drop(names: list[str]) -> None:
    cascade = " CASCADE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}{cascade}")


def _make(about: About) -> list[Table]:
    """Make the tables as they were at the backup's state, without a row."""
    executor = MigrationExecutor(connection)
    nodes, state = executor.loader.graph.node_map, set(about.migrations)
    # A target that others bring along would be one to go back to.
    last = [key for key in about.migrations if not any(child.key in state for child in nodes[key].children)]
    plan = executor.migration_plan(last)
    if {(migration.app_label, migration.name) for migration, _ in plan} != state:
        raise BackupError("The backup is not ours: its migrations do not follow each other.")
    try:
        executor.migrate(last, plan)
    except DatabaseError as error:
        raise BackupError(f"The tables cannot be made: {first_line(error)}") from error
    tables = tables_at(executor.loader, about.migrations)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Migrations let some references be checked at once.
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table.name)} LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                # Rows that a migration puts there are in the backup, too.
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table.name)}")  # noqa: S608
    return tables


def _inserter(table: Table) -> Callable[[list[bytes]], None]:
    quote = connection.ops.quote_name
    columns = ", ".join(map(quote, table.columns))
    preparing = [_preparing(field) for field in table.fields]
    read = canonical.reader(table.fields)

    def prepared(lines: list[bytes]) -> Iterator[list[Any]]:
        for line in lines:
            try:
                values = read(line)
            except (ValueError, RecursionError) as error:
                raise BackupError(f"The backup is damaged: a row of {table.name} cannot be read.") from error
            yield [
                value if prepare is None else prepare(value)
                for prepare, value in zip(preparing, values, strict=True)
            ]

    if connection.vendor == "postgresql":
        copy = f"COPY {quote(table.name)} ({columns}) FROM STDIN"

        def insert(lines: list[bytes]) -> None:
            # Copying goes past what else turns the driver's errors into Django's.
            with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(copy) as rows:
                for row in prepared(lines):
                    rows.write_row(row)
    else:
        places = ", ".join(["%s"] * len(table.columns))
        sql = f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({places})"  # noqa: S608

        def insert(lines: list[bytes]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(sql, list(prepared(lines)))

    return insert


def _preparing(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value one that this database's driver takes; None for what it takes as it is."""
    if canonical.form_of(field) == canonical.Form():
        return None
    is_json, is_null = field.get_internal_type() == "JSONField", field.null

    def prepare(value: Any) -> Any:
        if value is None and not (is_json and not is_null):
            return None
        return field.get_db_prep_value(value, connection, prepared=False)

    return prepare
