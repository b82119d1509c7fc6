"""Serve ChatScape: pages and sockets on one port."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chatscape.server import Server

# Autobahn closes a socket that sends more (RFC 6455, 1009); less gets a typed error.
SOCKET_MESSAGE_MOST = 1024 * 1024


class Command(BaseCommand):
    help = "Serve pages and sockets on one port (HOST and PORT, 127.0.0.1:8000 by default)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        self.check()
        self.check_migrations()
        from chatscape.asgi import application

        interface = host.strip("[]").replace(":", r"\:")
        server = Server(
            application,
            endpoints=[f"tcp:port={port}:interface={interface}"],
            ping_interval=20,
            ping_timeout=20,
            websocket_timeout=-1,
            websocket_max_message_size=SOCKET_MESSAGE_MOST,
            websocket_max_frame_size=SOCKET_MESSAGE_MOST,
            ready_callable=lambda: self._ready(host, port),
            server_name="ChatScape",
        )
        server.run()
        if not server.listening_addresses:
            raise CommandError(f"Cannot listen on {host}:{port}: is something else running there?")

    def _ready(self, host: str, port: int) -> None:
        address = settings.PUBLIC_URL or f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
        self.stdout.write(self.style.SUCCESS(f"ChatScape is at {address}"))
