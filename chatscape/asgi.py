"""Everything behind the port: pages in a pool of threads, sockets on the event loop."""

from functools import cache
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler

from chatscape.wsgi import application as django

# Consumers need Django's apps, which the pages have set up.
from chat.realtime import reads  # isort: skip
from chat.realtime.consumer import ChatConsumer  # isort: skip
from chat.realtime.database import stop_threads  # isort: skip
from chat.realtime.hub import ensure_hub, stop_hub  # isort: skip
from chatscape.metrics import catalogue, gauges  # isort: skip
from chatscape.metrics.answer import PATH as METRICS  # isort: skip
from chatscape.pages import Pages  # isort: skip
from chatscape.storage import StaticMiddleware  # isort: skip

# A thread keeps its database connection between requests (docs/decisions.md). With the sockets' threads
# these are no more than the database pool has connections.
THREADS = 8
# How long requests in flight may take at the end.
GRACE = 5.0


class Application:
    """Sockets as an ASGI application; `pages` are taken from Daphne's connections by `chatscape.server`."""

    def __init__(self) -> None:
        self.pages = Pages(django, threads=THREADS, quick=_is_quick, aside=_is_aside, started=ensure_hub)
        gauges.queued.pages = self.pages
        self._chat = ChatConsumer.as_asgi()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection. Sockets live at `/ws/` only."""
        if scope["type"] == "websocket" and scope["path"] == "/ws/":
            await self._chat(scope, receive, send)
        elif scope["type"] == "websocket":
            catalogue.handshakes.add("path")
            await receive()
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            # Another server than ours, such as `runserver`.
            ensure_hub()
            await _django_alone()(scope, receive, send)
        else:
            raise NotImplementedError(scope["type"])


@cache
def _django_alone() -> ASGIHandler:
    return get_asgi_application()


def _is_quick(path: str) -> bool:
    """Say whether nothing but Django's outermost middleware, and no database, is needed for the answer."""
    return path in StaticMiddleware.addresses or path == "/health/live"


def _is_aside(path: str) -> bool:
    """Say whether machines ask for it, also when all threads wait for a database that is gone."""
    return path in ("/health/ready", METRICS)


application = Application()


async def stopped() -> None:
    """Leave nothing running: the server has ended all connections."""
    await application.pages.stop(GRACE)
    await reads.settle()
    await stop_hub()
    stop_threads()
