"""A client that follows the cursor rule of docs/protocol.md, and nothing cleverer."""

import asyncio
import json
from typing import Any

from chat.tests.realtime.pages import ARTICLE, Page


class Follower(Page):
    """Shows one room: what it shows survives its sockets, as a page survives them."""

    room: str = ""
    cursor: int = 0
    behind = False

    def keep(self, other: "Follower") -> None:
        """Go on where another socket of the same page ended."""
        self.room, self.cursor, self.shown = other.room, other.cursor, other.shown

    async def follow(self, room: Any, since: int = 0) -> None:
        """Join a room, and catch up with it."""
        if not self.room:
            self.room, self.cursor = str(room), since
            self.shown: dict[int, tuple[int, str]] = {}
        reply = await self.done("room.join", room=self.room, since=self.cursor)
        await self._apply_page(reply)

    async def catch_up(self) -> None:
        self.behind = False
        await self._apply_page(await self.done("history.get", room=self.room, since=self.cursor))

    async def _apply_page(self, reply: dict[str, Any]) -> None:
        while True:
            self._apply(reply["html"])
            self.cursor = max(self.cursor, reply["revision"])
            if not reply["more"]:
                return
            reply = await self.done("history.get", room=self.room, since=self.cursor)

    async def _next(self) -> str:
        frame = await super()._next()
        if frame.startswith("<"):
            for revision in self._apply(frame):
                if revision == self.cursor + 1:
                    self.cursor = revision
                elif revision > self.cursor:
                    self.behind = True
        elif frame.startswith('{"heartbeat"'):
            self.behind |= json.loads(frame)["heartbeat"].get(self.room, 0) > self.cursor
        return frame

    def _apply(self, html: str) -> list[int]:
        """Show articles that are newer than what is shown; return their revisions."""
        revisions = []
        for article in ARTICLE.finditer(html):
            room, sequence, revision = article[1], int(article[2]), int(article[3])
            if room != self.room:
                continue
            revisions.append(revision)
            if revision > self.shown.get(sequence, (0, ""))[0]:
                self.shown[sequence] = revision, article[0]
        return revisions

    async def reaches(self, revision: int, seconds: float = 20) -> None:
        """Read frames, and catch up when behind, until everything up to a revision is shown."""
        async with asyncio.timeout(seconds):
            while self.cursor < revision:
                if self.behind:
                    await self.catch_up()
                else:
                    self.heard.append(await self._next())

    @property
    def picture(self) -> list[tuple[int, str]]:
        """What the page shows, in its order."""
        return [(sequence, article) for sequence, (_revision, article) in sorted(self.shown.items())]
