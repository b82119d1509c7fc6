"""A page whose server comes and goes: it follows a room, posts, and comes back when it is told to."""

import asyncio
import contextlib
import random
import re
import time
import uuid
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat.tests.realtime.followers import Follower
from chat.tests.realtime.pages import Closed, Wired

PATIENCE = 60
# Found closed while reading, or while writing.
GONE = (Closed, ConnectionClosed)


class Roamer:
    """Keeps a `Follower` connected, and notes when and how it had to come back."""

    def __init__(self, port: int, session: str, room: str) -> None:
        self.port, self.session, self.room = port, session, room
        self.page: Follower | None = None
        self.closed: list[tuple[float, int, str]] = []
        self.refused: list[str] = []
        self.acknowledged: dict[int, str] = {}

    async def connect(self) -> None:
        """Connect, however often it takes, and catch up."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                page = Follower(await Wired.open(self.port, self.session, open_timeout=20))
            except (OSError, InvalidStatus, TimeoutError) as error:
                self.refused.append(repr(error))
                wait = 1.0
                if isinstance(error, InvalidStatus):
                    wait = float(error.response.headers["Retry-After"])
                await asyncio.sleep(wait * random.uniform(0.5, 1))
                continue
            if self.page:
                page.keep(self.page)
            self.page = page
            # The server may leave again in this very moment.
            with contextlib.suppress(*GONE):
                await page.follow(self.room)
                return
            await self._come_back()
        raise TimeoutError(self.refused)

    async def post(self, body: str) -> None:
        """Post, again and again until it is acknowledged."""
        what: dict[str, Any] = {"client_id": str(uuid.uuid4()), "body": body}
        while True:
            try:
                reply = await self.live.done("message.post", room=self.room, **what)
            except GONE:
                await self._lost()
            else:
                self.acknowledged[reply["sequence"]] = body
                return

    async def reach(self, revision: int) -> None:
        """Show everything up to a revision, wherever that leads."""
        while self.live.cursor < revision:
            try:
                await self.live.reaches(revision, PATIENCE)
            except GONE:
                await self._lost()

    async def listen(self, until: asyncio.Event) -> None:
        """Stay connected until somebody says that it is enough."""
        enough = asyncio.create_task(until.wait())
        while not until.is_set():
            hearing = asyncio.create_task(self.live.hears_close())
            await asyncio.wait([hearing, enough], return_when=asyncio.FIRST_COMPLETED)
            if hearing.done() and not hearing.cancelled() and hearing.exception() is None:
                await self._lost()
            else:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)
        enough.cancel()

    @property
    def live(self) -> Follower:
        assert self.page
        return self.page

    async def _lost(self) -> None:
        connection = self.live.wire.connection  # type: ignore[attr-defined]
        self.closed.append((time.monotonic(), connection.close_code, connection.close_reason))
        await self._come_back()
        await self.connect()

    async def _come_back(self) -> None:
        """Wait as long as the server asks for."""
        reason = self.live.wire.connection.close_reason or ""  # type: ignore[attr-defined]
        asked = re.fullmatch(r"reconnect after (\d+)-(\d+) s", reason)
        await asyncio.sleep(random.uniform(float(asked[1]), float(asked[2])) if asked else 0)

    async def close(self) -> None:
        if self.page:
            await self.page.close()
