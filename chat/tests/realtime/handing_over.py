"""A server of which two sockets are taken, run by a test: prints what is left of them."""

import asyncio
import gc
import json
import os
import sys
import tempfile
import weakref
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "chatscape.settings"
os.environ["CHATSCAPE_VAR"] = tempfile.mkdtemp(prefix="chatscape-")

import django
from twisted.internet import tcp

django.setup()

from chat.tests.realtime.raw import Raw, text  # noqa: E402
from chatscape import parking  # noqa: E402
from chatscape.listening import listen  # noqa: E402
from chatscape.server import Server, reactor  # noqa: E402

found: dict[str, Any] = {}
traces: dict[str, weakref.ref[Any]] = {}
taken: list[int] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    protocol = scope["extensions"]["chatscape.park"].__self__
    channel = protocol.transport.producer
    whole = {"protocol": protocol, "transport": protocol.transport, "channel": channel}
    mine = {name: weakref.ref(one) for name, one in {**whole, "request": channel.requests[0]}.items()}
    del protocol, channel, whole
    handed = scope["extensions"]["chatscape.park"](None)
    if handed is None:
        await send({"type": "websocket.send", "text": "unparked"})
        return
    traces.update(mine)
    taken.append(handed.descriptor)
    found["received"] = "early" if handed.received == text("early") else repr(handed.received)


application.pages = None  # type: ignore[attr-defined]


async def stopped() -> None:
    pass


def connect(early: bytes = b"") -> Raw:
    return Raw.open(port, "", early)


async def scenario() -> None:
    gc.collect()
    gc.disable()
    raw = await asyncio.to_thread(connect, text("early"))
    # The task of the application, and what Twisted was doing, have ended by now.
    await asyncio.sleep(0.1)
    found["alive"] = sorted(name for name, trace in traces.items() if trace() is not None)
    # Daphne cleans up once a second, and pings after that.
    await asyncio.sleep(2.5)
    found["connections"] = len(server.connections)
    found["readers"] = sum(type(one) is tcp.Server for one in reactor.getReaders())
    found["count"] = server.ws_factory.countConnections
    os.write(taken[0], b"\x81\x06parked")
    got = await asyncio.to_thread(raw.frame)
    found["heard"] = bytes(got.data).decode() if got else "end"
    raw.connection.settimeout(0.3)
    try:
        found["stays open"] = await asyncio.to_thread(raw.frame) is not None
    except TimeoutError:
        found["stays open"] = True
    # Somebody has changed Twisted: sockets stay where they are.
    parking._TIMERS = ("no such timer",)
    other = await asyncio.to_thread(connect)
    got = await asyncio.to_thread(other.frame)
    found["fallback"] = bytes(got.data).decode() if got else "end"
    print(json.dumps(found))
    server.stop()


def ready() -> None:
    running.append(asyncio.ensure_future(scenario()))


running: list[asyncio.Future[None]] = []
listener = listen("127.0.0.1", 0)
port: int = listener.getsockname()[1]
server = Server(application, listener, spread=0, ready=ready, stopped=stopped)
server.run()
if running[0].done():
    running[0].result()
sys.exit(0)
