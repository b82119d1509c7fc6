"""Pages that are only sent when they differ from what the browser has (RFC 9110, 13; RFC 9111, 4.3)."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language

# What an address may answer differently to. The viewer's cookies are in the validator instead: a browser
# that has got a new one may still ask whether its page is the same.
VARY = ["Accept", "HX-Request", "HX-Target"]
_ASKED = ("HTTP_ACCEPT", "HTTP_HX_REQUEST", "HTTP_HX_TARGET", "HTTP_HX_HISTORY_RESTORE_REQUEST")
# Settings that pages show.
_SHOWN = ("STATIC_URL", "PUBLIC_URL", "SOCKET_URL", "SIGN_UP", "CONFIRM_EMAIL", "EMAIL_URL", "TIME_ZONE")


def not_modified(request: HttpRequest, stamp: str) -> HttpResponse | None:
    """Return 304 when the browser has the page that `stamp` names, else None.

    `stamp` is all that the page shows of the database. The viewer, the build, the language, the form of the
    answer and the secret of the forms in it are added here. Who may see the page was checked before.
    """
    given = request.META.get("HTTP_IF_NONE_MATCH")
    if not given or request.method not in ("GET", "HEAD"):
        return None
    tag = _tag(request, stamp)
    # Some proxies make a weak tag of a strong one; ours are weak to begin with (RFC 9110, 8.8.3.2).
    if given != tag and tag not in parse_etags(given):
        return None
    # What was just done is told on the page.
    if len(get_messages(request)):
        return None
    if settings.CSRF_COOKIE_NAME not in request.COOKIES:
        # The forms of the page it has may lack their cookie: with this one the page comes anew.
        get_token(request)
    response = HttpResponseNotModified(headers={"ETag": tag})
    patch_vary_headers(response, VARY)
    return response


def stamped(request: HttpRequest, response: HttpResponse, stamp: str) -> HttpResponse:
    """Give a rendered page the validator that `not_modified` compares. Call it after rendering."""
    patch_vary_headers(response, VARY)
    told = get_messages(request)
    if response.status_code == 200 and request.method in ("GET", "HEAD") and not len(told):
        response["ETag"] = _tag(request, stamp)
    return response


def _tag(request: HttpRequest, stamp: str) -> str:
    meta = request.META
    parts = (
        stamp,
        build(),
        str(request.user.pk),
        get_language() or "",
        # Each rendering masks the secret anew: all of them are valid as long as the secret is the same. It is
        # the one that came with the request: whoever has none yet gets another page with the next.
        request.COOKIES.get(settings.CSRF_COOKIE_NAME, ""),
        *(meta.get(name, "") for name in _ASKED),
    )
    key = settings.SECRET_KEY.encode()[:64]
    # "\0" is in no header and no secret: nothing can be shifted from one part into the next.
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16, key=key).hexdigest()
    return f'W/"{digest}"'


@cache
def build() -> str:
    """Return what names this version of code, templates, static files and settings that pages show.

    It is the same in all processes that serve the same files, and differs after every change of them.
    """
    found = hashlib.blake2b(digest_size=8)
    folders = ("accounts", "chat", "chatscape", "templates")
    files = [path for folder in folders for path in Path(settings.BASE_DIR, folder).rglob("*")]
    for path in sorted(files):
        if path.suffix in (".py", ".html", ".svg", ".mo", ".txt") and "tests" not in path.parts:
            found.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode())
            found.update(path.read_bytes())
    found.update(repr(sorted(getattr(staticfiles_storage, "hashed_files", {}).items())).encode())
    found.update(repr([getattr(settings, name) for name in _SHOWN]).encode())
    return found.hexdigest()
