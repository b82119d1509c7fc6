"""One consistent view of the database, which keeps nobody from writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.utils import load_backend

from chatscape.backup import BackupError

ALIAS = "snapshot"


@contextmanager
def snapshot() -> Iterator[str]:
    """Yield the alias of a connection of its own that sees the database as it is now, and only reads.

    PostgreSQL: REPEATABLE READ, READ ONLY. SQLite: a read transaction beside the write-ahead log; this
    connection, unlike all others, does not take the write lock when it begins.
    """
    settings = _settings()
    connections[ALIAS] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, ALIAS)
    try:
        with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
            if connections[ALIAS].vendor == "postgresql":
                cursor.execute("SET TRANSACTION READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = 0")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            # The first statement that reads makes the view.
            if "django_migrations" not in connections[ALIAS].introspection.table_names(cursor):
                raise BackupError("There is nothing to save yet: the database has no tables.")
            yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]


def _settings() -> dict[str, Any]:
    own = connections[DEFAULT_DB_ALIAS]
    settings = deepcopy({**own.settings_dict, "OPTIONS": {**own.settings_dict["OPTIONS"]}})
    options = settings["OPTIONS"]
    settings["CONN_MAX_AGE"] = 0
    if own.vendor == "postgresql":
        from psycopg import IsolationLevel

        options.pop("pool", None)
        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
        # All is one transaction, which keeps its cursors even behind a pooler.
        settings["DISABLE_SERVER_SIDE_CURSORS"] = False
    else:
        options["transaction_mode"] = "DEFERRED"
        options["init_command"] = "PRAGMA query_only=ON"
    return settings
