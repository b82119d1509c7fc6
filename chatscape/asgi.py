"""Everything behind the port: pages in a pool of threads, sockets on the event loop."""

from typing import Any

from a2wsgi import WSGIMiddleware

from chatscape.wsgi import application as pages

# Consumers need Django's apps, which the pages have set up.
from chat.realtime.consumer import ChatConsumer  # isort: skip
from chat.realtime.database import stop_threads  # isort: skip
from chat.realtime.hub import ensure_hub, stop_hub  # isort: skip

# A thread keeps its database connection between requests; Django's own ASGI handler makes a thread
# and a connection for each request (docs/decisions.md). With the sockets' threads these are no more
# than the database pool has connections.
THREADS = 8

# No bound for what an answer consists of: a thread must never wait for a client that has left.
_pages = WSGIMiddleware(pages, workers=THREADS, send_queue_size=0)  # type: ignore[arg-type]
_chat = ChatConsumer.as_asgi()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one connection. Sockets live at `/ws/` only."""
    if scope["type"] == "http":
        ensure_hub()
        await _pages(scope, receive, send)  # type: ignore[arg-type]
    elif scope["type"] == "websocket" and scope["path"] == "/ws/":
        await _chat(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        raise NotImplementedError(scope["type"])


async def stopped() -> None:
    """Leave nothing running: the server has ended all connections."""
    await stop_hub()
    stop_threads()
    _pages.executor.shutdown(wait=False, cancel_futures=True)
