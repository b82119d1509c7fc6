"""Errors and fragments as the client asked for them: a page, a fragment, or JSON."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from chat.errors import ChatError


def wants_json(request: HttpRequest) -> bool:
    """Say whether the client prefers JSON to HTML."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def is_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asks, so that a fragment is enough. Going back in history needs the page."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


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
