"""What a URL means for Django: the database, what is between processes, and the cache."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url


def databases(url: str, connections: int, var: Path) -> dict[str, dict[str, Any]]:
    """Return `DATABASES` for PostgreSQL or SQLite; without a URL, a file of SQLite in the folder `var`."""
    if urlsplit(url).scheme.startswith("postgres"):
        return {"default": _postgres(url, connections)}
    file = dj_database_url.parse(url)["NAME"] if url else str(var / "chatscape.sqlite3")
    return {"default": _sqlite(file, for_tests=var / "test.sqlite3")}


def _postgres(url: str, connections: int) -> dict[str, Any]:
    # After a restart of the database a connection is found dead before it is used.
    given: dict[str, Any] = {**dj_database_url.parse(url, conn_health_checks=True)}
    given["OPTIONS"] = {
        # A machine that has vanished is noticed within some 20 seconds; the kernel would wait for 15 minutes.
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        **given.get("OPTIONS", {}),
        "connect_timeout": 5,
        "pool": {"min_size": 1, "max_size": connections, "timeout": 5},
    }
    return given


def _sqlite(file: str, for_tests: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        # Threads are few and live long; opening the file for each request costs milliseconds.
        "CONN_MAX_AGE": 600,
        "NAME": file,
        "OPTIONS": {
            # A transaction takes the write lock when it starts, so that two of them wait for
            # each other instead of failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;",
        },
        # Tests with threads need a file: an in-memory database is shared through one lock.
        "TEST": {"NAME": for_tests},
    }


def channel_layers(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return `CHANNEL_LAYERS`: by Redis, or within this process."""
    if not redis_url:
        return {
            "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}
        }
    host = {
        "address": redis_url,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "health_check_interval": 10,
    }
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host]},
        }
    }


def caches(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return `CACHES`: in Redis, or in this process."""
    if not redis_url:
        # Whoever comes from many addresses must not push out what is counted of others.
        return {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 50_000},
            }
        }
    return {
        "default": {
            "BACKEND": "chatscape.cache.TolerantRedisCache",
            "LOCATION": redis_url,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
