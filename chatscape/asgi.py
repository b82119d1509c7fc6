"""Everything behind the port: pages in a pool of threads, sockets on the event loop."""

from typing import Any

from a2wsgi import WSGIMiddleware

from chatscape.wsgi import application as pages

# Consumers need Django's apps, which the pages have set up.
from chat.realtime.consumer import ChatConsumer  # isort: skip
from chat.realtime.hub import ensure_hub  # isort: skip

# A thread keeps its database connection between requests; Django's own ASGI handler makes a thread
# and a connection for each request (docs/decisions.md).
THREADS = 8

_pages = WSGIMiddleware(pages, workers=THREADS)
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
