"""Serve ChatScape: pages and sockets on one port."""

import argparse
import logging
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from chatscape.leash import Leash, Post
from chatscape.limits import RESERVE, raise_file_limit
from chatscape.listening import CannotListen, listen
from chatscape.logs import log_everything
from chatscape.workers import GaveUp, Supervisor

logger = logging.getLogger(__name__)

# Autobahn closes a socket that sends more (RFC 6455, 1009); less gets a typed error.
SOCKET_MESSAGE_MOST = 256 * 1024
# A client that answers no ping is gone within PING_INTERVAL + PING_TIMEOUT seconds.
PING_INTERVAL = 15
PING_TIMEOUT = 10
# More than the database may take to say that it is not there.
HANDSHAKE_TIMEOUT = 15


class Command(BaseCommand):
    help = "Serve pages and sockets on one port (HOST and PORT, 127.0.0.1:8000 by default)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WEB_CONCURRENCY,
            help="processes on that port (WEB_CONCURRENCY, 1 by default); SIGHUP replaces them one by one",
        )
        # What the supervisor starts its workers with.
        parser.add_argument("--post", type=Post.parse, help=argparse.SUPPRESS)

    def handle(
        self, *args: Any, host: str, port: int, workers: int, post: Post | None, **options: Any
    ) -> None:
        log_everything()
        if post:
            leash = Leash(post)
            return self._serve(leash.listener, leash)
        if workers < 1:
            raise CommandError("--workers: must be at least 1")
        if workers > 1 and not settings.REDIS_URL:
            raise CommandError("Several workers need Redis to reach each other: set REDIS_URL.")
        _check_database()
        try:
            listener = listen(host, port)
        except CannotListen as problem:
            raise CommandError(str(problem)) from problem
        if workers == 1:
            return self._serve(listener, ready=lambda: self._tell(host, port))
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--post"]
        spread = settings.RESTART_SPREAD
        tell = lambda: self._tell(host, port, f", with {workers} workers")  # noqa: E731
        try:
            Supervisor(
                listener, workers, command, spread=spread, drain=settings.DRAIN_SECONDS, serving=tell
            ).run()
        except GaveUp as problem:
            raise CommandError(str(problem)) from problem

    def _serve(self, listener: socket.socket, leash: Leash | None = None, ready: Any = lambda: None) -> None:
        from chatscape.asgi import application, stopped
        from chatscape.server import Server, leave_threads
        from chatscape.surge import gate

        gate.last_descriptor = raise_file_limit().connections + RESERVE // 2
        Server(
            application,
            listener,
            leash=leash,
            spread=settings.RESTART_SPREAD,
            drain=settings.DRAIN_SECONDS,
            ready=ready,
            stopped=stopped,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            websocket_timeout=-1,
            websocket_connect_timeout=HANDSHAKE_TIMEOUT,
            websocket_handshake_timeout=HANDSHAKE_TIMEOUT,
            websocket_max_message_size=SOCKET_MESSAGE_MOST,
            websocket_max_frame_size=SOCKET_MESSAGE_MOST,
            server_name="ChatScape",
        ).run()
        leave_threads()

    def _tell(self, host: str, port: int, how: str = "") -> None:
        capacity = raise_file_limit()
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        address = settings.PUBLIC_URL or f"http://{shown}:{port}"
        if settings.LOG_FORMAT == "json":
            # Nothing but objects on the way to whoever reads them.
            logger.info("ChatScape is at %s%s", address, how)
            logger.log(logging.WARNING if capacity.low else logging.INFO, str(capacity))
            return
        style = self.style.WARNING if capacity.low else str
        self.stdout.write(self.style.SUCCESS(f"ChatScape is at {address}{how}"))
        self.stdout.write(style(str(capacity)))


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
