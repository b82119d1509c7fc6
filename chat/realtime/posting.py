"""Posts of all sockets of a process, written together: each has its own reply, none its own transaction."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TypeAlias

from django.db import InterfaceError, OperationalError, connection

from chat.actions.messages import Posting, post_messages
from chat.errors import unavailable
from chat.models import Message
from chat.realtime.database import in_database
from chat.render import message_html

logger = logging.getLogger(__name__)

BATCH = 64
# How many postings may wait. Writing them takes less than a second or two.
WAITING = 1_000
# SQLite has one writer. On PostgreSQL one batch is prepared while another waits for the disk.
WRITERS = {"sqlite": 1}
WRITERS_ELSEWHERE = 2

Outcome: TypeAlias = Message | Exception


class Writer:
    """Writes what arrives while a batch is being written as the next one: no timer, no wait when idle."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Posting, asyncio.Future[Message]]] = deque()
        self.writing: set[asyncio.Task[None]] = set()

    async def post(self, posting: Posting) -> Message:
        """Return the message, or raise what `post_message` does; `Unavailable` without the database.

        Who is cancelled meanwhile has posted all the same: a batch is nobody's own.
        """
        if len(self.waiting) >= WAITING:
            raise unavailable()
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.waiting.append((posting, future))
        self._go_on()
        return await future

    def _go_on(self) -> None:
        while self.waiting and len(self.writing) < WRITERS.get(connection.vendor, WRITERS_ELSEWHERE):
            task = asyncio.get_running_loop().create_task(self._write())
            self.writing.add(task)
            task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self.writing.discard(task)
        if not task.cancelled():
            self._go_on()

    async def _write(self) -> None:
        # Not before: what came with the same turn of the loop comes along.
        batch = [self.waiting.popleft() for _one in range(min(BATCH, len(self.waiting)))]
        if not batch:
            return
        outcomes: list[Outcome]
        try:
            outcomes = await in_database(_posted, [posting for posting, _future in batch])
        except Exception as error:
            logger.warning("Posts were refused without a thread: %s", type(error).__name__)
            outcomes = [unavailable() for _one in batch]
        for (_posting, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Message):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)


def _posted(postings: list[Posting]) -> list[Outcome]:
    """Post all; what nobody foresaw of one posting is kept from the others. Runs in a thread."""
    try:
        outcomes: list[Outcome] = [*post_messages(postings)]
    except (OperationalError, InterfaceError) as error:
        logger.warning("Posts were refused without the database: %s", type(error).__name__)
        return [unavailable() for _one in postings]
    except Exception as error:
        if len(postings) == 1:
            return [error]
        return [outcome for posting in postings for outcome in _posted([posting])]
    for outcome in outcomes:
        if isinstance(outcome, Message):
            # The loop only hands it out.
            message_html(outcome)
    return outcomes


_writer: tuple[asyncio.AbstractEventLoop, Writer] | None = None


async def post(posting: Posting) -> Message:
    """Post from the event loop, together with what others post meanwhile. See `Writer.post`."""
    global _writer
    loop = asyncio.get_running_loop()
    if _writer is None or _writer[0] is not loop:
        _writer = loop, Writer()
    return await _writer[1].post(posting)
