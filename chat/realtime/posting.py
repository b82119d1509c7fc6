"""Posts of all sockets of a process, written together: each has its own reply, none its own transaction."""

from __future__ import annotations

import asyncio
import logging
from typing import TypeAlias

from django.db import InterfaceError, OperationalError, connection

from chat.actions.messages import Posting, post_messages
from chat.errors import unavailable
from chat.models import Message
from chat.realtime.batches import Batches
from chat.realtime.database import in_database
from chat.render import message_html
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)

BATCH = 64
# How many postings may wait. Writing them takes less than a second or two.
WAITING = 1_000
# SQLite has one writer. On PostgreSQL one batch is prepared while another waits for the disk.
WRITERS = {"sqlite": 1}
WRITERS_ELSEWHERE = 2

Outcome: TypeAlias = Message | Exception

_writer: tuple[asyncio.AbstractEventLoop, Batches[Posting, Message]] | None = None


async def post(posting: Posting) -> Message:
    """Return the message, or raise what `post_message` does; `Unavailable` without the database.

    Who is cancelled meanwhile has posted all the same.
    """
    global _writer
    loop = asyncio.get_running_loop()
    if _writer is None or _writer[0] is not loop:
        writers = WRITERS.get(connection.vendor, WRITERS_ELSEWHERE)
        _writer = loop, Batches(_write, kind="posts", most=BATCH, at_once=writers, waiting=WAITING)
    return await _writer[1].ask(posting)


def waiting() -> int:
    """Say how many posts wait."""
    return len(_writer[1]) if _writer else 0


async def _write(postings: list[Posting]) -> list[Outcome]:
    try:
        outcomes = await in_database(_posted, postings)
        catalogue.posts.add("socket", by=sum(isinstance(outcome, Message) for outcome in outcomes))
        return outcomes
    except Exception as error:
        logger.warning("Posts were refused without a thread: %s", type(error).__name__)
        return [unavailable() for _one in postings]


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
