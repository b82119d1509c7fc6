"""What happens to every request: an id, headers, and errors told in words."""

import logging
import re
import uuid
from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from chat.errors import ChatError, unavailable
from chatscape.answers import error_answer
from chatscape.health import health_answer

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
_NONCE = "nonce-stands-here"
_REQUEST_ID = re.compile(r"[\w-]{8,64}", re.ASCII)


class HealthMiddleware:
    """Answers health checks before anything else, whatever host they ask for."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return health_answer(request.path) or self.get_response(request)


class RequestIdMiddleware:
    """Gives a request the id that its log lines and its answer carry."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class HeadersMiddleware:
    """Adds the security headers that Django has no setting for."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Private pages are the browser's alone; the service worker keeps what may be kept.
        response.setdefault("Cache-Control", "private, no-cache")
        return response


class PolicyMiddleware(CSPMiddleware):
    """Adds the content security policy: django-csp's, put together once instead of for each answer.

    A 304 has none. It would replace the policy that the browser keeps with its page (RFC 9111, 3.2), and
    the scripts of that page have the nonce of the policy they came with.
    """

    def __init__(self, get_response: Answer) -> None:
        super().__init__(get_response)
        self.without_nonce = build_policy()
        self.before, self.after = build_policy(nonce=_NONCE).split(_NONCE)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if response.status_code == 304 or HEADER in response:
            return response
        if any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)  # type: ignore[return-value]
        nonce = getattr(request, "_csp_nonce", None)
        response.headers[HEADER] = f"{self.before}{nonce}{self.after}" if nonce else self.without_nonce
        if nonce is None:
            # Whoever asks for it now is too late, and is told so.
            request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


class ErrorsMiddleware:
    """Turns refusals into answers, and a database that is gone into 503 instead of 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ChatError):
            return error_answer(request, error)
        if is_database_gone(error):
            logger.warning("The database is gone: %s", type(error).__name__)
            return error_answer(request, unavailable())
        return None


def is_database_gone(error: BaseException | None) -> bool:
    """Say whether an exception means that the database cannot be used now."""
    return isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, DatabaseError) and "connection" in str(error).lower()
    )
