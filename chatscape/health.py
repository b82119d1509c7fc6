"""Whether this process lives, and whether it can serve: for load balancers and people."""

from typing import Any

from django.db import connection
from django.http import HttpResponse, JsonResponse

from chatscape.headers import BARE
from chatscape.probes import DEGRADED, GONE, MISSING, NOT_CONFIGURED, OK, Database, Probe, Redis, Storage

_probes = {"database": Probe(Database()), "redis": Probe(Redis()), "storage": Probe(Storage())}


class Ending:
    """Whether this process is to end: it is not ready then, so that load balancers look elsewhere."""

    begun = False


def health_answer(path: str) -> HttpResponse | None:
    """Answer `/health/live` and `/health/ready`; None for other addresses.

    Live says that the process answers at all. Ready says 503 when the database is gone or has not all its
    tables, and when the process is about to end; without Redis messages still arrive, only later, and with
    little room on the disk there is time to do something, so that is told but not refused. It answers within
    two seconds, whatever is frozen.
    """
    if path == "/health/live":
        return _uncached(JsonResponse({"status": OK}))
    if path != "/health/ready":
        return None
    if Ending.begun:
        return _uncached(JsonResponse({"status": "stopping"}, status=503))
    for probe in _probes.values():
        probe.begin()
    return _uncached(_answer({name: probe.found() for name, probe in _probes.items()}))


def _answer(parts: dict[str, str]) -> HttpResponse:
    # Where the database is a file, it needs the folder.
    needed = ("database", "storage") if connection.vendor == "sqlite" else ("database",)
    ready = not any(parts[name] in (GONE, MISSING) for name in needed)
    well = set(parts.values()) <= {OK, NOT_CONFIGURED}
    status = "unavailable" if not ready else OK if well else DEGRADED
    told: dict[str, Any] = {"status": status, **parts}
    return JsonResponse(told, status=200 if ready else 503)


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    # Django would log each 503, and machines ask every few seconds.
    response._has_been_logged = True  # type: ignore[attr-defined]
    for name, value in BARE.items():
        response[name] = value
    return response
