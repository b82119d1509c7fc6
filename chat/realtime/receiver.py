"""Hear of a lost subscription: the Redis layer tells nobody, it only logs, with a traceback every second."""

import logging
from collections.abc import Callable

_told: Callable[[BaseException | None], None] | None = None


def tell_failures(told: Callable[[BaseException | None], None] | None) -> None:
    """Call `told` with each failure from now on, instead of logging it."""
    global _told
    _told = told


def _failed(record: logging.LogRecord) -> bool:
    if record.exc_info and _told:
        _told(record.exc_info[1])
    return not record.exc_info


logging.getLogger("channels_redis.pubsub").addFilter(_failed)
