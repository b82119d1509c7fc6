"""Work with the database from the event loop, in a few threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

# With the threads of the pages, no more than the database pool has connections.
THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat-database")


async def in_database(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in a thread that may use the database, and give its connection back after."""

    def run() -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(_pool, lambda: context.run(run))


def waiting() -> int:
    """Say how much work waits for a thread."""
    return _pool._work_queue.qsize()


def stop_threads() -> None:
    """Let the threads end when their work is done: the process ends."""
    _pool.shutdown(wait=False, cancel_futures=True)
