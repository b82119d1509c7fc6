"""Questions that come together are answered together: what arrives meanwhile is the next batch.

There is no timer: nobody waits when few come, and a crowd costs one turn of a thread for many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from chat.errors import unavailable
from chatscape.metrics import catalogue

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Batches(Generic[Asked, Given]):
    """Gathers questions for `answer`, which returns for each an answer, or the error to raise.

    `kind` is what they are about, for the metrics.

    `most` is how many it is given at once, `at_once` how many times it runs at the same time, `waiting`
    how many questions may wait. Use it on one event loop.
    """

    def __init__(
        self,
        answer: Callable[[list[Asked]], Awaitable[Sequence[Given | Exception]]],
        *,
        kind: str,
        most: int,
        at_once: int,
        waiting: int,
    ) -> None:
        self._kind = kind
        self._answer, self._most, self._at_once, self._limit = answer, most, at_once, waiting
        self._waiting: deque[tuple[Asked, asyncio.Future[Given]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Say how many questions wait."""
        return len(self._waiting)

    async def ask(self, question: Asked) -> Given:
        """Return the answer, or raise its error; `Unavailable` when too many wait.

        Who is cancelled meanwhile has asked all the same: a batch is nobody's own.
        """
        if len(self._waiting) >= self._limit:
            raise unavailable()
        answer: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        self._go_on()
        return await answer

    def _go_on(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            batch = [self._waiting.popleft() for _one in range(min(self._most, len(self._waiting)))]
            catalogue.batches.observe(len(batch), self._kind)
            # It is nobody's own: lines of its log name no request.
            task = asyncio.get_running_loop().create_task(self._run(batch), context=Context())
            self._running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._go_on()

    async def _run(self, batch: list[tuple[Asked, asyncio.Future[Given]]]) -> None:
        outcomes: Sequence[Given | Exception]
        try:
            outcomes = await self._answer([question for question, _answer in batch])
        except Exception as error:
            outcomes = [error] * len(batch)
        for (_question, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
