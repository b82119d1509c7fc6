"""A cache that is only a cache: without Redis it forgets, it does not fail."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class TolerantRedisCache(RedisCache):
    """Django's Redis cache that answers as if empty while Redis is gone.

    What it holds (rate limits, cached fragments) can be lost without harm to anybody's messages.
    """

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError as error:
            return _gone(error, default)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(key, value, *args, **kwargs)
        except RedisError as error:
            _gone(error, None)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super().add(key, value, *args, **kwargs))
        except RedisError as error:
            return bool(_gone(error, True))

    def delete(self, key: str, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except RedisError as error:
            return bool(_gone(error, False))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        try:
            return int(super().incr(key, delta, version))
        except RedisError as error:
            return int(_gone(error, delta))


def _gone(error: RedisError, answer: Any) -> Any:
    logger.warning("The cache is gone: %s", type(error).__name__)
    return answer
