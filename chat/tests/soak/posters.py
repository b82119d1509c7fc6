"""People who write without a pause, and repeat everything until it is answered."""

import asyncio
import contextlib
import html
import http.client
import json
import re
import time
import uuid
from random import Random
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed

from chat.tests.realtime.clusters import ask
from chat.tests.realtime.strangers import Stranger
from chat.tests.soak.ledger import Ledger, Said
from chatscape.testing.server import Server

_BODY = re.compile(r'<div class="message-body">(.*?)</div>', re.DOTALL)
# How long a whole deed may take, with all the trials in between that it needs.
PATIENCE = 240.0

# Nobody is asked to wait for longer, whatever the clock says.
WAIT_MOST = 60.0


class Shown(NamedTuple):
    revision: int
    client_id: str
    # None for a tombstone.
    body: str | None


class Poster(Stranger):
    """A page of one room whose person talks there and, now and then, in another one.

    `door` is how they write: by `socket`, by `form` (as a page's script does) or by `plain` form. All have a
    socket and show what happens.
    """

    patience = 120.0

    def __init__(
        self,
        server: Server,
        session: str,
        person: str,
        rooms: list[str],
        protocol: str,
        door: str,
        ledger: Ledger,
    ) -> None:
        self.ledger, self.sent_at = ledger, {}
        super().__init__(server.port, session, rooms[0], protocol, self.sent_at)
        self.server, self.person, self.rooms, self.door = server, person, rooms, door
        self.mine: list[str] = []
        self.count = self.heartbeats = 0
        # When it was let in.
        self.joined: list[float] = []

    async def talk(self, enough: asyncio.Event, random: Random, pause: float) -> None:
        """Do one thing after the other until it is enough; each is finished."""
        while not enough.is_set():
            await self._something(random)
            await asyncio.sleep(random.uniform(0, pause))

    async def _something(self, random: Random) -> None:
        what, own = random.random(), [self.ledger.said[one] for one in self.mine[-5:]]
        changeable = [said for said in own if said.sequence and not said.deleted]
        if what < 0.15 and changeable and self.door != "plain":
            await self.edit(random.choice(changeable))
        elif what < 0.2 and changeable and self.door != "plain":
            await self.delete(random.choice(changeable))
        elif what < 0.3 and self.door == "socket" and self.shown:
            await self.read(random.choice(list(self.shown)[-20:]))
        else:
            reply_to = random.choice(list(self.shown)[-20:]) if self.shown and what > 0.8 else None
            elsewhere = reply_to is None and what < 0.4
            await self.say(self.rooms[1] if elsewhere else self.rooms[0], reply_to)

    async def say(self, room: str, reply_to: int | None = None) -> Said:
        client_id, body = str(uuid.uuid4()), self._words()
        said = self.ledger.said[client_id] = Said(self.person, room, [body], reply_to)
        self.sent_at[client_id] = time.monotonic()
        fields = {"client_id": client_id, "body": body, **({"reply_to": reply_to} if reply_to else {})}
        said.sequence = await self._done("message.post", f"/rooms/{room}/messages/", room, fields)
        said.answered = time.time()
        self.ledger.changes[room] += 1
        self.mine.append(client_id)
        return said

    async def edit(self, said: Said) -> None:
        body = self._words()
        fields = {"sequence": said.sequence, "body": body}
        path = f"/rooms/{said.room}/messages/{said.sequence}/edit/"
        await self._done("message.edit", path, said.room, fields)
        said.wordings.append(body)
        self.ledger.changes[said.room] += 1

    async def delete(self, said: Said) -> None:
        path = f"/rooms/{said.room}/messages/{said.sequence}/delete/"
        await self._done("message.delete", path, said.room, {"sequence": said.sequence})
        said.deleted = True
        self.ledger.changes[said.room] += 1

    async def read(self, sequence: int) -> None:
        await self._done("read", "", self.room, {"sequence": sequence})
        key = (self.room, self.person)
        self.ledger.read[key] = max(self.ledger.read.get(key, 0), sequence)

    def _words(self) -> str:
        self.count += 1
        return f"Person {self.person[:8]} says number {self.count}"

    async def _done(self, action: str, path: str, room: str, fields: dict[str, Any]) -> int | None:
        """Do it, again and again until it is answered; return the place of the message if it was told."""
        until = time.monotonic() + PATIENCE
        for number in range(10_000):
            self.ledger.retries += number > 0
            assert time.monotonic() < until, f"{action} was not answered for {PATIENCE} s"
            if self.door == "socket":
                reply = await self._by_socket(action, room, fields)
                if reply is not None:
                    sequence: int | None = reply.get("sequence")
                    return sequence
            else:
                answered, sequence = await self._by_form(path, fields)
                if answered:
                    return sequence
            await asyncio.sleep(0.1)
        raise AssertionError

    async def _by_socket(self, action: str, room: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        await asyncio.wait_for(self.live.wait(), PATIENCE)
        with contextlib.suppress(ConnectionClosed):
            reply = await self._ask(action, room=room, **fields)
            if reply and reply["status"] == "ok":
                return reply
            if reply:
                self._refused(reply["code"], float(reply.get("retry_after", 0)))
                await asyncio.sleep(0.2)
        return None

    async def _by_form(self, path: str, fields: dict[str, Any]) -> tuple[bool, int | None]:
        accept = "text/html" if self.door == "plain" else "application/json"
        values = {name: str(value) for name, value in fields.items()}
        try:
            answer = await asyncio.to_thread(
                ask, self.server, "POST", path, self.session, accept=accept, **values
            )
        except (OSError, http.client.HTTPException):
            return False, None
        status, text, _seconds = answer
        if status in (200, 303, 302):
            return True, json.loads(text)["message"]["sequence"] if status == 200 else None
        self._refused({503: "unavailable", 429: "rate_limited"}.get(status, f"status {status}"), 0)
        return False, None

    def _refused(self, code: str, retry_after: float) -> None:
        """Whatever is broken, people are told to wait, and for no longer than a minute."""
        assert code in ("unavailable", "rate_limited"), f"refused: {code}"
        assert retry_after <= WAIT_MOST, f"{code} for {retry_after} s"
        self.ledger.refused[code] += 1

    async def _join(self) -> None:
        self.joined.append(time.monotonic())
        await super()._join()

    def _take(self, frame: str) -> None:
        self.heartbeats += frame.startswith('{"heartbeat"')
        super()._take(frame)

    def _apply(self, message: Any) -> Any:
        if isinstance(message, str):
            deleted, found = "data-deleted" in message.partition(">")[0], _BODY.search(message)
            body = None if deleted or not found else html.unescape(found[1])
        else:
            body = None if message["deleted_at"] else message["body"]
        before = self.shown.get(self._sequence_in(message))
        shown = super()._apply(message)
        sequence = self._sequence_in(message)
        if before is None or shown.revision > before.revision:
            self.shown[sequence] = Shown(shown.revision, shown.client_id, body)  # type: ignore[assignment]
        return shown

    def _event(self, message: Any) -> None:
        # Others' messages are no less known than one's own.
        shown = self._apply(message)
        if shown.revision == self.cursor + 1:
            self.cursor = shown.revision
        elif shown.revision > self.cursor:
            self._behind()

    @staticmethod
    def _sequence_in(message: Any) -> int:
        if isinstance(message, str):
            found = re.search(r'data-sequence="(\d+)"', message)
            assert found
            return int(found[1])
        return int(message["sequence"])

    @property
    def state(self) -> dict[int, Shown]:
        """All that the page shows."""
        return self.shown  # type: ignore[return-value]
