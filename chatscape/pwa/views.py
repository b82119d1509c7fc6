"""The installable app: manifest, service worker, offline page, and how to install."""

import hashlib
import json
from functools import cache

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chatscape import __version__

COLOUR = "#151515"
# What a page needs before it can say anything; hashed, so it is kept until the next version.
SHELL_TYPES = (".css", ".js", ".svg")
SHELL_LEFT_OUT = ("icons/build", "screenshots/")


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
    return render(request, "pwa/offline.html")


@require_safe
def install(request: HttpRequest) -> HttpResponse:
    """How to install in each browser."""
    return render(request, "pwa/install.html")


@require_safe
def config(request: HttpRequest) -> JsonResponse:
    """What the page may know of the server's configuration; nothing secret."""
    return JsonResponse({"name": "ChatScape", "version": __version__, "socket": "/ws/"})


@cache
def shell() -> tuple[str, ...]:
    """Return the addresses of stylesheets, scripts and icons under their hashed names."""
    names = []
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            own = not name.startswith("admin/") and not getattr(storage, "prefix", None)
            if own and name.endswith(SHELL_TYPES) and not name.startswith(SHELL_LEFT_OUT):
                names.append(name)
    return tuple(sorted(staticfiles_storage.url(name) for name in names))


def _without_nonce(page: bytes, request: HttpRequest) -> bytes:
    nonce = str(getattr(request, "csp_nonce", ""))
    return page.replace(nonce.encode(), b"") if nonce else page
