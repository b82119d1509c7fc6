"""A database of its own for a rehearsal, gone afterwards: a file, or one more on the same server."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from django.db import connection
from psycopg import sql

from chatscape.backup import BackupError, first_line

PREFIX = "chatscape_rehearsal_"


@contextmanager
def temporary_database(folder: Path) -> Iterator[str]:
    """Yield the `DATABASE_URL` of an empty database of the kind that the settings name."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{quote(str(folder / 'rehearsal.sqlite3'))}"
        return
    name = PREFIX + secrets.token_hex(6)
    given = {key: value for key, value in _given().items() if value}
    try:
        server = psycopg.connect(**{**given, "dbname": given["dbname"]}, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise BackupError(f"The database server does not answer: {first_line(error)}") from error
    with server:
        try:
            # As an empty one is, whatever somebody has put into the usual template.
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
        except psycopg.Error as error:
            raise BackupError(
                f"No database can be made for the rehearsal: {first_line(error)} "
                "Let this user make some (ALTER ROLE ... CREATEDB), or rehearse elsewhere."
            ) from error
        try:
            yield _url({**given, "dbname": name})
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _given() -> dict[str, str]:
    settings = connection.settings_dict
    options = {key: str(value) for key, value in settings["OPTIONS"].items() if key.startswith("ssl")}
    return {
        "host": str(settings["HOST"]),
        "port": str(settings["PORT"]),
        "user": str(settings["USER"]),
        "password": str(settings["PASSWORD"]),
        "dbname": str(settings["NAME"]),
        **options,
    }


def _url(given: dict[str, str]) -> str:
    host = given.get("host", "")
    # A path is the folder of a socket.
    place = quote(host, safe="") if host.startswith("/") else f"[{host}]" if ":" in host else host
    port = f":{given['port']}" if "port" in given else ""
    secret = f":{quote(given['password'], safe='')}" if "password" in given else ""
    query = urlencode({key: value for key, value in given.items() if key.startswith("ssl")})
    return f"postgres://{quote(given['user'], safe='')}{secret}@{place}{port}/{given['dbname']}" + (
        f"?{query}" if query else ""
    )
