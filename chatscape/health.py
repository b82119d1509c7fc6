"""Whether this process lives, and whether it can serve: for load balancers and people."""

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse, JsonResponse

from chatscape.headers import BARE


def health_answer(path: str) -> HttpResponse | None:
    """Answer `/health/live` and `/health/ready`; None for other addresses.

    Live says that the process answers at all. Ready says 503 when the database is gone; without Redis
    messages still arrive, only later, so that is told but not refused.
    """
    if path == "/health/live":
        return _uncached(JsonResponse({"status": "ok"}))
    if path != "/health/ready":
        return None
    parts = {"database": _database(), "redis": _redis()}
    ready = parts["database"] == "ok"
    status = (
        "ok" if set(parts.values()) <= {"ok", "not configured"} else "degraded" if ready else "unavailable"
    )
    return _uncached(JsonResponse({"status": status, **parts}, status=200 if ready else 503))


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return "gone"
    return "ok"


def _redis() -> str:
    if not settings.REDIS_URL:
        return "not configured"
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        client.ping()
    except redis.RedisError:
        return "gone"
    finally:
        client.close()
    return "ok"


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    for name, value in BARE.items():
        response[name] = value
    return response
