"""Who may open a socket: checked before it is accepted."""

from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import ValidationError
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare

from accounts.models import User
from chat.models import Room
from chat.realtime.socket import Session

Scope = dict[str, Any]


def allowed_origin(scope: Scope) -> bool:
    """Say whether a page of this server opens the socket (RFC 6455, 10.2).

    The origin must be the host that was asked for, or one of `CSRF_TRUSTED_ORIGINS`. No origin, no
    socket: browsers always send one.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1").rstrip("/").lower()
    host = headers.get(b"host", b"").decode("latin1").lower()
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _port = split_domain_port(host)
    hosts = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc == host and validate_host(domain, hosts)
    except ValueError:
        return False


def session_of(scope: Scope) -> Session | None:
    """Return who is signed in, as Django's session says, or None.

    None, too, when the address names a room that is not theirs. Uses the database.
    """
    key = _session_cookie(scope)
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        user = User.objects.filter(id=session.get(SESSION_KEY), is_active=True).first()
    except (ValidationError, ValueError):
        return None
    known: str = session.get(HASH_SESSION_KEY, "")
    if user is None or not constant_time_compare(known, user.get_session_auth_hash()):
        return None
    if not _may_enter(user, scope):
        return None
    return Session(user.id, key, known)


def _may_enter(user: User, scope: Scope) -> bool:
    """Say whether the person may hear the room that the address names, if it names one."""
    named = parse_qs(scope.get("query_string", b"").decode("latin1")).get("room")
    if not named:
        return True
    try:
        return Room.objects.of(user).filter(id=UUID(named[0])).exists()
    except ValueError:
        return False


def _session_cookie(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                cookie = SimpleCookie(value.decode("latin1")).get(settings.SESSION_COOKIE_NAME)
            except CookieError:
                continue
            if cookie:
                return str(cookie.value)
    return ""
