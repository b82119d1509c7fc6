"""Clients as strangers write them, from docs/protocol.md alone: they follow, post, and are cut off."""

import asyncio
import contextlib
import json
import random
import re
import socket
import struct
import time
import uuid
from collections import Counter
from typing import Any, NamedTuple, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from chat.tests.realtime.pages import Wired

MESSAGES = ("message.created", "message.edited", "message.deleted")
_ARTICLE = re.compile(r'<article class="message".*?</article>', re.DOTALL)
_ATTRIBUTE = re.compile(r'data-(room|sequence|revision|client-id)="([^"]*)"')
_AGAIN = re.compile(r"reconnect after (\d+)-(\d+) s")


class Shown(NamedTuple):
    revision: int
    client_id: str


class Stranger:
    """One page of one room. Its cursor and what it shows survive its sockets.

    `sent` is shared: when each message was first sent, so that all can say how long it took to them.
    """

    # How long an answer may take (seconds).
    patience = 20.0

    def __init__(self, port: int, session: str, room: str, protocol: str, sent: dict[str, float]) -> None:
        self.port, self.session, self.room, self.protocol, self.sent = port, session, room, protocol, sent
        self.cursor = 0
        self.shown: dict[int, Shown] = {}
        self.acknowledged: dict[str, int] = {}
        self.closes: Counter[int] = Counter()
        # When events were heard, and how old they were.
        self.heard: list[tuple[float, float]] = []
        self.live = asyncio.Event()
        self.local_port = 0
        self._wire: ClientConnection | None = None
        self._questions: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ref = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up = False

    def start(self, cursor: int = 0) -> Self:
        """Begin with what came after a revision."""
        self.cursor = cursor
        self._do(self._run())
        return self

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._wire:
            self._wire.transport.abort()

    def cut(self) -> None:
        """Lose the connection in one of the ways in which connections are lost."""
        if self._wire is None:
            return
        transport, how = self._wire.transport, random.choice(("end", "half", "reset", "close"))
        if how == "close":
            self._do(self._wire.close())
        elif how == "half" and not transport.is_closing():
            transport.write_eof()
        else:
            if how == "reset":
                with contextlib.suppress(OSError):
                    raw: socket.socket = transport.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    def stop_reading(self) -> None:
        """Let what comes fill the kernel's memory, of which there is little."""
        assert self._wire
        raw: socket.socket = self._wire.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._wire.transport.pause_reading()

    def read_on(self) -> None:
        assert self._wire
        self._wire.transport.resume_reading()

    async def post(self, body: str) -> None:
        """Post until it is answered, over as many sockets as it takes."""
        client_id = str(uuid.uuid4())
        self.sent[client_id] = time.monotonic()
        while True:
            await self.live.wait()
            with contextlib.suppress(ConnectionClosed):
                reply = await self._ask("message.post", room=self.room, client_id=client_id, body=body)
                if reply and reply["status"] == "ok":
                    self.acknowledged[client_id] = reply["sequence"]
                    return
            await asyncio.sleep(0.05)

    @property
    def picture(self) -> list[tuple[int, str]]:
        """What it shows, in its order."""
        return [(sequence, shown.client_id) for sequence, shown in sorted(self.shown.items())]

    async def _run(self) -> None:
        while True:
            try:
                # A page of long messages is more than the library's limit.
                options: dict[str, Any] = {"ping_interval": None, "open_timeout": 20, "max_size": None}
                wired = await Wired.open(self.port, self.session, protocol=self.protocol, **options)
            except InvalidStatus as refusal:
                if refusal.response.status_code != 503:
                    raise
                await asyncio.sleep(float(refusal.response.headers["Retry-After"]))
                continue
            except (OSError, EOFError, TimeoutError, InvalidHandshake):
                await asyncio.sleep(random.uniform(0.2, 1))
                continue
            self._wire = wired.connection
            self.local_port = self._wire.local_address[1]
            joining = self._do(self._join())
            try:
                while True:
                    self._take(str(await self._wire.recv()))
            except ConnectionClosed as closed:
                self.closes[closed.rcvd.code if closed.rcvd else 1006] += 1
                again = _AGAIN.fullmatch(closed.rcvd.reason if closed.rcvd else "")
            finally:
                self.live.clear()
                joining.cancel()
                # Nobody answers these any more: `None` says so.
                for question in self._questions.values():
                    question.cancel()
                self._questions.clear()
            pause = (float(again[1]), float(again[2])) if again else (0, 0.3)
            await asyncio.sleep(random.uniform(*pause))

    async def _ask(self, action: str, **fields: Any) -> dict[str, Any] | None:
        """Return the reply, `None` when the connection is lost before it comes."""
        assert self._wire
        self._ref += 1
        question = self._questions[self._ref] = asyncio.get_running_loop().create_future()
        await self._wire.send(json.dumps({"action": action, "ref": self._ref, **fields}))
        done, _ = await asyncio.wait([question], timeout=self.patience)
        assert done, f"{action} was not answered"
        return None if question.cancelled() else question.result()

    async def _join(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while (reply := await self._ask("room.join", room=self.room, since=self.cursor)) is not None:
                if reply["status"] == "ok":
                    self.live.set()
                    return await self._apply_pages(reply)
                await asyncio.sleep(0.5)

    async def _apply_pages(self, reply: dict[str, Any] | None) -> None:
        while reply and reply["status"] == "ok":
            for message in reply.get("messages") or _ARTICLE.findall(reply.get("html", "")):
                self._apply(message)
            self.cursor = max(self.cursor, reply["revision"])
            if not reply["more"]:
                return
            reply = await self._ask("history.get", room=self.room, since=self.cursor)

    async def _catch_up(self) -> None:
        try:
            # One question covers several events.
            await asyncio.sleep(0.1)
            if self.live.is_set():
                with contextlib.suppress(ConnectionClosed):
                    await self._apply_pages(await self._ask("history.get", room=self.room, since=self.cursor))
        finally:
            self._catching_up = False

    def _take(self, frame: str) -> None:
        if frame.startswith("<"):
            for article in _ARTICLE.findall(frame):
                self._event(article)
            return
        said = json.loads(frame)
        if "status" in said:
            question = self._questions.pop(said["ref"])
            if not question.done():
                question.set_result(said)
        elif "heartbeat" in said:
            if said["heartbeat"].get(self.room, 0) > self.cursor:
                self._behind()
        else:
            for event in said.get("events", [said]):
                if event.get("event") in MESSAGES:
                    self._event(event["message"])

    def _event(self, message: Any) -> None:
        shown = self._apply(message)
        now = time.monotonic()
        self.heard.append((now, now - self.sent[shown.client_id]))
        if shown.revision == self.cursor + 1:
            self.cursor = shown.revision
        elif shown.revision > self.cursor:
            self._behind()

    def _behind(self) -> None:
        if not self._catching_up:
            self._catching_up = True
            self._do(self._catch_up())

    def _apply(self, message: Any) -> Shown:
        if isinstance(message, str):
            message = {name.replace("-", "_"): value for name, value in _ATTRIBUTE.findall(message)}
        assert message["room"] == self.room
        sequence, shown = int(message["sequence"]), Shown(int(message["revision"]), message["client_id"])
        if sequence not in self.shown or shown.revision > self.shown[sequence].revision:
            self.shown[sequence] = shown
        return shown

    def _do(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
