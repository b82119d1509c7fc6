"""Serve ChatScape: pages and sockets on one port."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from chatscape.server import Server, leave_threads

# Autobahn closes a socket that sends more (RFC 6455, 1009); less gets a typed error.
SOCKET_MESSAGE_MOST = 256 * 1024
# A client that answers no ping is gone within PING_INTERVAL + PING_TIMEOUT seconds.
PING_INTERVAL = 15
PING_TIMEOUT = 10
# More than the database may take to say that it is not there.
HANDSHAKE_TIMEOUT = 15


class Command(BaseCommand):
    help = "Serve pages and sockets on one port (HOST and PORT, 127.0.0.1:8000 by default)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        _check_database()
        from chatscape.asgi import application, stopped

        interface = host.strip("[]").replace(":", r"\:")
        server = Server(
            application,
            endpoints=[f"tcp:port={port}:interface={interface}"],
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            websocket_timeout=-1,
            websocket_connect_timeout=HANDSHAKE_TIMEOUT,
            websocket_handshake_timeout=HANDSHAKE_TIMEOUT,
            websocket_max_message_size=SOCKET_MESSAGE_MOST,
            websocket_max_frame_size=SOCKET_MESSAGE_MOST,
            # It listens already, its loop runs in a moment.
            ready_callable=lambda: self._ready(host, port),
            server_name="ChatScape",
            stopped=stopped,
        )
        server.run()
        if server.problem:
            raise CommandError(server.problem)
        leave_threads()

    def _ready(self, host: str, port: int) -> None:
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        self.stdout.write(
            self.style.SUCCESS(f"ChatScape is at {settings.PUBLIC_URL or f'http://{shown}:{port}'}")
        )


def _check_database() -> None:
    """Raise `CommandError` when the database is not there or not up to date."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        raise CommandError("The database cannot be reached. Check DATABASE_URL.") from error
    finally:
        connection.close()
    if waiting:
        raise CommandError(f"{len(waiting)} migrations wait. Run: python manage.py migrate")
