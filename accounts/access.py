"""Who may ask: a view gets the signed-in person, or the person is asked to sign in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.models import User
from chat.errors import ChatError
from chatscape.answers import is_htmx, wants_json

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


class SignInFirst(ChatError):
    code = "sign_in"
    status = 401


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let only signed-in people in; others get the sign-in page, or 401 where no page is expected."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        return sign_in_first(request)

    return checked


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page, in the form the client understands."""
    if wants_json(request):
        error = SignInFirst("Sign in first.")
        return JsonResponse({"error": error.as_dict()}, status=error.status)
    sign_in = redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    if not is_htmx(request):
        return sign_in
    # htmx would swap the sign-in page into a part of this one.
    return HttpResponse(status=204, headers={"HX-Redirect": sign_in["Location"]})
