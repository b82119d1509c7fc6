"""What is noted of each request that was answered: a number, and a line where lines are wanted."""

import logging

from django.conf import settings

from chatscape.metrics import catalogue

# Where a request of WSGI carries the name of its address.
ROUTE = "chatscape.route"
NOWHERE, HEALTH, STATIC, SOCKET, METRICS = "none", "health", "static", "socket", "metrics"
# Asked every few seconds by machines.
_QUIET = (HEALTH, METRICS)
METHODS = frozenset(("GET", "HEAD", "POST"))
logger = logging.getLogger(__name__)


def noted(route: str, method: str, status: str, seconds: float, request_id: str) -> None:
    """Note a request. Its path is not: it may hold what only one person should know."""
    method = method if method in METHODS else "OTHER"
    catalogue.requests.observe(seconds, route, method, f"{status[:1]}xx")
    if settings.LOG_REQUESTS and not (route in _QUIET and status == "200"):
        told = {
            "method": method,
            "route": route,
            "status": int(status),
            "duration_ms": round(seconds * 1000, 1),
            "request_id": request_id,
        }
        logger.info("%s %s %s", method, route, status, extra=told)
