"""Errors and fragments as the client asked for them: a page, a fragment, or JSON."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from chat.errors import ChatError


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
        context = {"error": error, "title": HTTPStatus(error.status).phrase.capitalize()}
        name = "503.html" if error.status == HTTPStatus.SERVICE_UNAVAILABLE else "error.html"
        response = render(request, name, context, status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    patch_vary_headers(response, ["Accept", "HX-Request"])
    return response
