"""A cache that is only a cache: without Redis it forgets, it does not fail."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class TolerantRedisCache(RedisCache):
    """Django's Redis cache that answers as if empty while Redis is gone.

    What it holds (rate limits, cached fragments) can be lost without harm to anybody's messages.
    """

    # Each thread has a cache of its own: what one finds is said for all.
    gone = False

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._tried(lambda: super(TolerantRedisCache, self).get(key, default, version), default)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._tried(lambda: super(TolerantRedisCache, self).set(key, value, *args, **kwargs), None)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(
            self._tried(lambda: super(TolerantRedisCache, self).add(key, value, *args, **kwargs), True)
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._tried(lambda: super(TolerantRedisCache, self).delete(key, version), False))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return int(self._tried(lambda: super(TolerantRedisCache, self).incr(key, delta, version), delta))

    @classmethod
    def _tried(cls, ask: Callable[[], Any], otherwise: Any) -> Any:
        """Ask Redis; say once that it is gone, and once that it is back."""
        try:
            answer = ask()
        except RedisError as error:
            if not cls.gone:
                logger.warning("The cache is gone: %s", type(error).__name__)
            cls.gone = True
            return otherwise
        if cls.gone:
            logger.info("The cache is back")
        cls.gone = False
        return answer
