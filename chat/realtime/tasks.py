"""Tasks that run as long as their event loop, and their end."""

import asyncio
import contextlib


def cancelled() -> bool:
    """Say whether this task is to end.

    Libraries lose cancellations: `asyncio.wait_for` does, before Python 3.12.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def ended(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and wait until they have ended."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def pause(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer; take it back for the next time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
