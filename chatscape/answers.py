"""Errors and fragments as the client asked for them: a page, a fragment, or JSON."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from chat.errors import ChatError
from chatscape import request_ids

PAGES: dict[int, str] = {HTTPStatus.TOO_MANY_REQUESTS: "429.html", HTTPStatus.SERVICE_UNAVAILABLE: "503.html"}


def wants_json(request: HttpRequest) -> bool:
    """Say whether the client prefers JSON to HTML."""
    return _prefers_json(request.META.get("HTTP_ACCEPT", "*/*"))


def is_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asks, so that a fragment is enough. Going back in history needs the page."""
    asked = request.META
    return asked.get("HTTP_HX_REQUEST") == "true" and "HTTP_HX_HISTORY_RESTORE_REQUEST" not in asked


@lru_cache(maxsize=256)
def _prefers_json(accept: str) -> bool:
    asked = HttpRequest()
    asked.META["HTTP_ACCEPT"] = accept
    return asked.get_preferred_type(["text/html", "application/json"]) == "application/json"


def see_other(to: Any, *args: Any) -> HttpResponse:
    """Lead from a form that was accepted to a page, which is fetched with GET (RFC 9110, 303)."""
    response = redirect(to, *args)
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def error_answer(request: HttpRequest, error: ChatError) -> HttpResponse:
    """Tell an error in the form the client asked for."""
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": error.as_dict()}, status=error.status)
    else:
        context = {"error": error, "title": _title(error.status)}
        if error.status >= 500:
            # So that a person can say which of all requests it was.
            context["reference"] = request.META.get(request_ids.KEY, "")
        name = PAGES.get(error.status, "error.html")
        response = render(request, name, context, status=error.status)
    patch_vary_headers(response, ["Accept", "HX-Request"])
    return patient(response, error)


def _title(status: int) -> str:
    titles = {HTTPStatus.FORBIDDEN: _("Not allowed"), HTTPStatus.NOT_FOUND: _("Not found")}
    return titles.get(HTTPStatus(status), _("That did not work"))


def form_answer(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: ChatError | None = None
) -> HttpResponse:
    """Show the page of `form` with what was typed, and a status that says what is wrong with it."""
    if refusal is None or refusal.retry_after is None:
        return render(request, template, context, status=422 if context["form"].errors else 200)
    return patient(render(request, template, context, status=refusal.status), refusal)


def patient(response: HttpResponse, error: ChatError) -> HttpResponse:
    """Say when to try again what was refused, if that helps."""
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
