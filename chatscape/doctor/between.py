"""What is between processes: Redis, or nothing."""

import secrets
import time

import redis
from django.conf import settings

from chatscape.doctor import clocks
from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning

OLDEST = 6
FULL = 0.8
HEARD_WITHIN = 2.0
SLOW = 0.05


def look(options: Options) -> Findings:
    if not settings.REDIS_URL:
        if settings.WEB_CONCURRENCY > 1:
            yield error(
                f"{settings.WEB_CONCURRENCY} processes without Redis cannot tell each other anything.",
                "Set REDIS_URL, or WEB_CONCURRENCY=1.",
            )
        else:
            yield ok("Redis is not configured; one process needs none.")
        return
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3)
    try:
        yield from _about(client)
        yield from _round_trip(client)
        yield from _cache(client)
    except redis.AuthenticationError:
        yield error("Redis wants another password.", "Give it in REDIS_URL: redis://:password@host:6379/0")
    except (redis.RedisError, OSError) as problem:
        yield error(
            f"Redis cannot be used: {str(problem).partition(chr(10))[0].rstrip('.')}.",
            "See that it runs, and that REDIS_URL has its host and port. Meanwhile people on different"
            " processes hear each other 2 seconds later.",
        )
    finally:
        client.close()


def _about(client: "redis.Redis") -> Findings:
    before = clocks.now()
    seconds, micro = client.time()
    after = clocks.now()
    told = dict(client.info())
    version = str(told.get("redis_version", "?"))
    if version.partition(".")[0].isdecimal() and int(version.partition(".")[0]) < OLDEST:
        yield warning(f"Redis {version} is old.", f"Use {OLDEST} or newer.")
    else:
        yield ok(f"Redis {version}.")
    yield clocks.compared("Redis", seconds + micro / 1e6, before, after)
    if told.get("role") == "slave":
        yield error("This Redis is a replica: nothing can be written.", "Point REDIS_URL at the primary.")
    used, most = int(told.get("used_memory", 0)), int(told.get("maxmemory", 0))
    policy = str(told.get("maxmemory_policy", ""))
    if most and used > most * FULL and policy == "noeviction":
        yield warning(
            f"Redis uses {used / most:.0%} of its memory, and will refuse more when it is full.",
            "Raise maxmemory, or set maxmemory-policy allkeys-lru: what is in it may be forgotten.",
        )
    elif not most:
        yield ok("Redis has no limit of memory; what ChatScape keeps there is small.")
    else:
        yield ok(f"Redis uses {used / most:.0%} of its memory ({policy}).")


def _round_trip(client: "redis.Redis") -> Findings:
    """Publish something and hear it, as processes do."""
    channel = f"chatscape.doctor.{secrets.token_hex(8)}"
    with client.pubsub(ignore_subscribe_messages=False) as listener:  # type: ignore[no-untyped-call]
        listener.subscribe(channel)
        listener.get_message(timeout=HEARD_WITHIN)
        began = time.monotonic()
        client.publish(channel, "ping")
        while (left := began + HEARD_WITHIN - time.monotonic()) > 0:
            heard = listener.get_message(timeout=left)
            if heard and heard["type"] == "message":
                took = time.monotonic() - began
                text = f"What is published is heard after {took * 1000:.1f} ms."
                mend = "Have Redis near: the same network as the server."
                yield warning(text, mend) if took > SLOW else ok(text)
                return
    yield error(
        "What is published is not heard: events would not reach other processes.",
        "Let this user publish and subscribe (ACL: +@pubsub allchannels).",
    )


def _cache(client: "redis.Redis") -> Findings:
    key = f"chatscape.doctor.{secrets.token_hex(8)}"
    client.set(key, "1", ex=10)
    if client.get(key) != b"1":
        yield warning("What is written to Redis is not there afterwards.", "See its maxmemory and policy.")
    client.delete(key)
