"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from chatscape.answers import is_htmx
from chatscape.shell import modules


def site(request: HttpRequest) -> dict[str, object]:
    """Return the layout to extend, the scripts to load, and who may sign up."""
    htmx = is_htmx(request)
    return {
        # Made when a template uses it; error pages can come before the middleware that offers it.
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "htmx": htmx,
        # Scripts import each other: who comes for the first time gets them all at once.
        "modules": modules,
        "socket_url": settings.SOCKET_URL,
        "layout": "app_bare.html" if htmx else "app.html",
        "sign_up_open": settings.SIGN_UP == "open",
        "has_mail": bool(settings.EMAIL_URL),
        "local_accounts": settings.LOCAL_ACCOUNTS,
        "providers": settings.OIDC_PROVIDERS,
    }


def first_run() -> bool:
    """Say whether nobody has an account yet: then the next to sign up is the owner."""
    return not User.objects.exists()
