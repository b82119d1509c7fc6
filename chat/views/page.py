"""A page in the app: its own part, and around it the shell with the list of rooms."""

from collections.abc import Hashable, Mapping
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString

from accounts.access import SignedInRequest
from chat.prepared import Prepared
from chatscape.answers import is_htmx
from chatscape.shell import modules

_SHELL: dict[str, type] = {
    "csp_nonce": str,
    "csrf_token": str,
    "query": str,
    "room_list": str,
    "user.id": UUID,
    "user.hue": int,
    "user.initials": str,
    "user.name": str,
}


class Page:
    """A prepared template that extends `layout`."""

    def __init__(self, name: str, slots: Mapping[str, type]) -> None:
        self._prepared = Prepared(name, {**_SHELL, **slots}, modules=modules, socket_url=settings.SOCKET_URL)

    def answer(
        self,
        request: SignedInRequest,
        values: Mapping[str, object],
        *,
        room_list: SafeString,
        query: str = "",
        status: int = 200,
        **shape: Hashable,
    ) -> HttpResponse:
        """Return the page, or its own part alone when htmx asks; then `room_list` may be empty."""
        user = request.user
        htmx = is_htmx(request)
        shell = {
            # A nonce that is asked for is in the policy of the response.
            "csp_nonce": "" if htmx else str(request.csp_nonce),  # type: ignore[attr-defined]
            "csrf_token": get_token(request),
            "query": query,
            "room_list": room_list,
            "user.id": user.id,
            "user.hue": user.hue,
            "user.initials": user.initials,
            "user.name": user.name,
        }
        layout = "app_bare.html" if htmx else "app.html"
        shape |= {"layout": layout, "user.has_notice": user.has_notice and not htmx}
        return HttpResponse(self._prepared.fill({**shell, **values}, **shape), status=status)
