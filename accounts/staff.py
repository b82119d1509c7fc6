"""What is asked of moderators and administrators before they act as such, besides their role."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User

# Seconds after which somebody who did nothing in the admin site is asked once more who they are.
IDLE_MOST = 30 * 60
# So exactly it is known when they last did something: not each page writes the session.
SEEN_EVERY = 60
SEEN = "admin_seen"


def awake(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ask staff who have left the admin site alone for a while who they are (OWASP ASVS 5.0, 7.3.1).

    What they sent meanwhile goes on afterwards. The chat itself asks nobody: it is open all day.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = request.user
        if isinstance(person, User) and person.is_staff:
            if _idle(request, person) > IDLE_MOST:
                if get_adapter().get_reauthentication_methods(person):
                    raise ReauthenticationRequired
                messages.error(request, _("You signed in a while ago. Sign out and in again before this."))
                return redirect("mfa_index")
            if time.time() - request.session.get(SEEN, 0) > SEEN_EVERY:
                request.session[SEEN] = int(time.time())
        return view(request, *args, **kwargs)

    return checked


def _idle(request: HttpRequest, person: User) -> float:
    """Return for how many seconds they have proved nothing and looked at nothing."""
    from accounts.sessions import SINCE

    proved = [record["at"] for record in get_authentication_records(request, person)]
    seen = request.session.get(SEEN, 0), request.session.get(SINCE, 0)
    return time.time() - float(max(*seen, *proved))
