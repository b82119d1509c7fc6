"""The installable app: manifest, service worker, offline page, and how to install."""

import hashlib
import json

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chatscape import __version__
from chatscape.shell import shell

COLOUR = "#151515"


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Describe the app to the browser (W3C, Web Application Manifest)."""
    home = reverse("home")
    icons = [
        {
            "src": static(f"icons/{name}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, size, purpose in (
            ("icon-192", 192, "any"),
            ("icon-512", 512, "any"),
            ("maskable-512", 512, "maskable"),
        )
    ]
    screenshots = [
        {
            "src": static(f"screenshots/{name}.png"),
            "sizes": sizes,
            "type": "image/png",
            "form_factor": name,
            "label": label,
        }
        for name, sizes, label in (
            ("wide", "1280x800", _("A conversation on a desktop")),
            ("narrow", "360x780", _("A conversation on a phone")),
        )
        if finders.find(f"screenshots/{name}.png")
    ]
    shortcut_icon = [{"src": static("icons/icon-192.png"), "sizes": "192x192", "type": "image/png"}]
    body = {
        "id": home,
        "name": "ChatScape",
        "short_name": "ChatScape",
        "description": _("Chat with your contacts: installed from the browser, instant, and yours."),
        "lang": "en",
        "dir": "auto",
        "scope": home,
        "start_url": home,
        "display": "standalone",
        "background_color": COLOUR,
        "theme_color": COLOUR,
        "categories": ["social", "communication"],
        "icons": icons,
        "screenshots": screenshots,
        "shortcuts": [
            {"name": _("Add contact"), "url": reverse("contact-new"), "icons": shortcut_icon},
            {"name": _("Contacts"), "url": reverse("contacts"), "icons": shortcut_icon},
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker with the list of files it keeps; it changes whenever one of them does."""
    offline_url = reverse("offline")
    files = [*shell(), offline_url]
    page = offline(request).content
    version = hashlib.sha256(
        json.dumps([__version__, files]).encode() + _without_nonce(page, request)
    ).hexdigest()[:16]
    context = {"version": version, "precache_json": json.dumps(files), "offline_url": offline_url}
    response = render(request, "pwa/sw.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/"
    return response


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that opens when the server cannot be reached: nothing personal is in it."""
    # It is kept on the device for whoever uses it next: the page does not know who asks.
    return render(request, "pwa/offline.html", {"user": AnonymousUser(), "modules": ()})


@require_safe
def install(request: HttpRequest) -> HttpResponse:
    """How to install in each browser."""
    return render(request, "pwa/install.html")


@require_safe
def config(request: HttpRequest) -> JsonResponse:
    """What pages and other clients may know of the server's configuration; nothing secret."""
    response = JsonResponse(public_configuration(settings.PUBLIC_URL))
    response["Cache-Control"] = "no-cache"
    return response


def public_configuration(url: str) -> dict[str, object]:
    """Return what is public: each name is chosen here, so that no setting becomes public by itself."""
    return {
        "name": "ChatScape",
        "version": __version__,
        # The site's address; "" is the one that was asked for.
        "url": url,
        "socket": settings.SOCKET_URL,
        "static": settings.STATIC_URL,
        # Who may join: those who are invited, or anybody.
        "sign_up": settings.SIGN_UP,
    }


def _without_nonce(page: bytes, request: HttpRequest) -> bytes:
    nonce = str(getattr(request, "csp_nonce", ""))
    return page.replace(nonce.encode(), b"") if nonce else page
