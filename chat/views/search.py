"""Searching, for people in a hurry and not for machines."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from chat.errors import RateLimited
from chat.sidebar import search_words
from chatscape.answers import is_htmx
from chatscape.rates import check_request

P = ParamSpec("P")


def searching(
    target: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Count the searches of a view that fills the element `target`. Raises `RateLimited`.

    Where htmx would fill it, it says that the search goes on in a moment, and goes on.
    """

    def limited(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if search_words(request):
                try:
                    check_request("search", request)
                except RateLimited as error:
                    if is_htmx(request):
                        return _later(request, target, error)
                    raise
            return view(request, *args, **kwargs)

        return checked

    return limited


def _later(request: HttpRequest, target: str, error: RateLimited) -> HttpResponse:
    context = {"url": request.get_full_path(), "target": target, "error": error}
    response = render(request, "chat/_search_later.html", context, status=error.status)
    response["Retry-After"] = str(error.retry_after)
    return response
