"""The way from a form of ours to a provider.

Browsers follow no form to another origin that `form-action` does not name, and check each redirection on the
way, of which only the provider knows. So the form ends on a page of ours, which leads on by itself: that is a
link's step, not the form's. Programs, which have no such policy, get the redirection at once.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

SESSION_KEY = "oidc_leaving"


def lead_to(request: HttpRequest, url: str, *, name: str, out: bool = False) -> HttpResponse:
    """Answer a form with the way to the provider called `name`, to sign in or `out`.

    The address itself may hold a token when signing out: it stays out of the page.
    """
    if request.headers.get("Sec-Fetch-Dest") != "document":
        return HttpResponseRedirect(url)
    request.session[SESSION_KEY] = url
    context = {"name": name, "out": out, "url": reverse("oidc_leave")}
    return render(request, "socialaccount/leaving.html", context)


@require_GET
@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """Go to the provider, once."""
    return HttpResponseRedirect(request.session.pop(SESSION_KEY, None) or reverse("home"))
