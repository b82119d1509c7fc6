"""Pages with a socket, as people's browsers have them; see docs/protocol.md."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, Protocol, Self

from channels.testing import WebsocketCommunicator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from accounts.models import User
from chat.realtime.database import in_database
from chat.realtime.frames import HTML
from chat.tests.situations import client_of

HOST = "chat.example"
ORIGIN = f"https://{HOST}"
PATIENCE = 20
ARTICLE = re.compile(
    r'<article class="message" id="m-\d+" data-room="([^"]+)" data-sequence="(\d+)" data-revision="(\d+)"'
    r".*?</article>",
    re.DOTALL,
)


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Refused(Exception):
    """The server refused the handshake."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Wire(Protocol):
    async def send(self, text: str) -> None: ...
    async def receive(self) -> str: ...
    async def close(self) -> None: ...


def sign_in(user: User) -> str:
    """Sign a person in and return the key of the session."""
    key = client_of(user).session.session_key
    assert key
    return key


class Loopback:
    """A socket to the application in this process."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    @classmethod
    async def open(
        cls,
        session: str | None,
        *,
        protocol: str | None = HTML,
        origin: str | None = ORIGIN,
        host: str = HOST,
        path: str = "/ws/",
    ) -> Self:
        """Shake hands. Raises `Refused`."""
        from chatscape.asgi import application

        headers = [(b"host", host.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if session is not None:
            headers.append((b"cookie", f"theme=dark; chatscape_session={session}".encode()))
        communicator = WebsocketCommunicator(application, path, headers, [protocol] if protocol else [])
        communicator.scope["extensions"] = {"websocket.http.response": {}}
        await communicator.send_input({"type": "websocket.connect"})
        answer = await communicator.receive_output(PATIENCE)
        if answer["type"] == "websocket.http.response.start":
            await communicator.wait()
            raise Refused(answer["status"])
        if answer["type"] == "websocket.close":
            await communicator.wait()
            raise Refused(403)
        assert answer["type"] == "websocket.accept"
        assert answer.get("subprotocol") == protocol
        return cls(communicator)

    async def send(self, text: str) -> None:
        await self.communicator.send_input({"type": "websocket.receive", "text": text})

    async def receive(self) -> str:
        frame = await self.communicator.output_queue.get()
        if frame["type"] == "websocket.close":
            raise Closed(frame["code"])
        text: str = frame["text"]
        return text

    async def close(self) -> None:
        if self.communicator.future.done():
            return
        await self.communicator.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.communicator.wait(PATIENCE)


class Wired:
    """A socket to a real server."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, port: int, session: str | None, *, protocol: str = HTML, **options: Any) -> Self:
        origin = options.pop("origin", f"http://127.0.0.1:{port}")
        headers = {"Cookie": f"chatscape_session={session}"} if session else {}
        return cls(
            await connect(
                f"ws://127.0.0.1:{port}/ws/{options.pop('query', '')}",
                origin=origin,
                additional_headers=headers,
                subprotocols=[protocol],  # type: ignore[list-item]
                compression=None,
                # Frames wait here until a test reads them, closing does not wait for that.
                max_queue=None,
                **options,
            )
        )

    async def send(self, text: str) -> None:
        await self.connection.send(text)

    async def receive(self) -> str:
        try:
            return str(await self.connection.recv())
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from closed

    async def close(self) -> None:
        await self.connection.close()


class Page:
    """A page: asks and gets replies, and hears events meanwhile."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.heard: list[str] = []
        self._ref = 0

    async def ask(self, action: str, **fields: Any) -> dict[str, Any]:
        """Ask for something and return the reply. What else arrives is kept in `heard`."""
        self._ref += 1
        await self.wire.send(json.dumps({"action": action, "ref": self._ref, **fields}))
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = await self._next()
                if frame.startswith("{") and (reply := json.loads(frame)).get("ref") == self._ref:
                    return dict(reply)
                self.heard.append(frame)

    async def next_reply(self) -> str:
        """Return the next frame that answers something; heartbeats come when they like."""
        while (frame := await self._next()).startswith('{"heartbeat"'):
            pass
        return frame

    async def done(self, action: str, **fields: Any) -> dict[str, Any]:
        """Ask for something that must succeed."""
        reply = await self.ask(action, **fields)
        assert reply["status"] == "ok", reply
        return reply

    async def hears(self, wanted: Callable[[str], object], seconds: float = PATIENCE) -> str:
        """Wait for a frame that fulfils a condition, and return it."""
        async with asyncio.timeout(seconds):
            while True:
                for frame in self.heard:
                    if wanted(frame):
                        return frame
                self.heard.append(await self._next())

    async def hears_close(self) -> int:
        """Wait for the server to close the socket, and return the code."""
        try:
            await self.hears(lambda frame: False)
        except Closed as closed:
            return closed.code
        raise AssertionError

    async def _next(self) -> str:
        return await self.wire.receive()

    def messages(self) -> list[str]:
        """The events heard that carry messages."""
        return [frame for frame in self.heard if frame.startswith("<") or '"message":' in frame]

    async def close(self) -> None:
        await self.wire.close()


def notice(name: str) -> Callable[[str], bool]:
    return lambda frame: frame.startswith("{") and json.loads(frame).get("notice") == name


def says(words: str) -> Callable[[str], bool]:
    return lambda frame: words in frame


async def database(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do something with the database beside the event loop."""
    return await in_database(work, *args, **kwargs)
