"""What happens to every request: an id, health, headers, and errors told in words."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessages
from django.contrib.messages.storage import default_storage
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from chat.errors import ChatError, unavailable
from chatscape import request_ids
from chatscape.accesses import HEALTH, METRICS, NOWHERE, ROUTE, STATIC
from chatscape.answers import error_answer
from chatscape.headers import FORGET, PERMISSIONS, UNKEPT
from chatscape.health import health_answer
from chatscape.metrics.answer import metrics_answer
from chatscape.storage import StaticMiddleware

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]

_NONCE = "nonce-stands-here"


class FirstMiddleware:
    """Gives each request its id, and answers health checks and scrapes, whatever host they ask for."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        if (request_id := meta.get(request_ids.KEY)) is None:
            # Another server than ours.
            request_id = meta[request_ids.KEY] = request_ids.id_for(meta.get("HTTP_X_REQUEST_ID"))
        token = request_ids.current.set(request_id)
        try:
            response = self._answer(request)
        finally:
            request_ids.current.reset(token)
        response.headers[request_ids.HEADER] = request_id
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        if response := health_answer(request.path):
            meta[ROUTE] = HEALTH
        elif response := metrics_answer(request):
            meta[ROUTE] = METRICS
        else:
            response = self.get_response(request)
            # The name, not the path: that may hold a secret, and anybody can make up another.
            found = request.resolver_match
            is_file = found is None and request.path in StaticMiddleware.addresses
            meta[ROUTE] = found.view_name if found else STATIC if is_file else NOWHERE
        return response


class HouseMiddleware(CSPMiddleware):
    """What every answer of Django's has: headers that forbid what is not needed, errors in words.

    The content security policy is django-csp's, put together once instead of for each answer. A 304 has none:
    it would replace the policy that the browser keeps with its page (RFC 9111, 3.2), and the scripts of that
    page have the nonce of the policy they came with.
    """

    async_capable = False
    get_response: Answer

    def __init__(self, get_response: Answer) -> None:
        super().__init__(get_response)
        self.without_nonce = build_policy()
        self.before, self.after = build_policy(nonce=_NONCE).split(_NONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.process_request(request)
        response = self.get_response(request)
        self.process_response(request, response)
        headers = response.headers
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        # Private pages are the browser's alone; the service worker keeps what may be kept.
        kept = "no-store" if request.path.startswith(UNKEPT) else "no-cache"
        headers.setdefault("Cache-Control", f"private, {kept}")
        ended = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if ended is not None and not ended.value:
            headers.setdefault("Clear-Site-Data", FORGET)
        return response

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if response.status_code == 304 or HEADER in response.headers:
            return response
        if any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)  # type: ignore[return-value]
        nonce = getattr(request, "_csp_nonce", None)
        response.headers[HEADER] = f"{self.before}{nonce}{self.after}" if nonce else self.without_nonce
        if nonce is None:
            # Whoever asks for it now is too late, and is told so.
            request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal into an answer, and a database that is gone into 503 instead of 500."""
        if isinstance(error, ChatError):
            return error_answer(request, error)
        if is_database_gone(error):
            logger.warning("The database is gone: %s", type(error).__name__)
            return error_answer(request, unavailable())
        return None


class MessageMiddleware(DjangoMessages):
    """Django's messages, looked for when a page wants to show them."""

    def process_request(self, request: Any) -> None:
        request._messages = SimpleLazyObject(partial(default_storage, request))

    def process_response(self, request: Any, response: HttpResponse) -> HttpResponse:
        # Nobody looked at them and nobody added one: they stay where they are.
        if getattr(request._messages, "_wrapped", None) is empty:
            return response
        return super().process_response(request, response)


def is_database_gone(error: BaseException | None) -> bool:
    """Say whether an exception means that the database cannot be used now."""
    return isinstance(error, (OperationalError, InterfaceError)) or (
        isinstance(error, DatabaseError) and "connection" in str(error).lower()
    )
