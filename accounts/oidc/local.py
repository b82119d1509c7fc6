"""Without local accounts the ways in with a password or a passkey are not there."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

# By name, as they are allauth's and ours. One's password is still asked for before something serious.
PLACES = frozenset(
    (
        "account_signup",
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_login_webauthn",
    )
)


class LocalAccountsMiddleware:
    """Answers 404 for these places when people sign in with a provider only (`LOCAL_ACCOUNTS`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if settings.LOCAL_ACCOUNTS:
            return
        name = request.resolver_match.url_name if request.resolver_match else None
        if name in PLACES or (name == "account_login" and request.method == "POST"):
            raise Http404
