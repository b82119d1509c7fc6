"""Who may open a socket: checked before it is accepted."""

from importlib import import_module
from sys import intern
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare

from accounts.models import User
from chat.models import Room
from chat.realtime.socket import Session
from chat.statements import Statement
from chatscape import rates

Scope = dict[str, Any]

_PERSON = Statement(
    lambda person: User.objects.filter(id=person, is_active=True).values_list("password", "role"), person=UUID
)
_ROOM = Statement(
    lambda person, room: Room.objects.of(person).filter(id=room).values_list("id"), person=UUID, room=UUID
)


def allowed_origin(scope: Scope) -> bool:
    """Say whether a page of this server opens the socket (RFC 6455, 10.2).

    The origin must be the host that was asked for, or one of `CSRF_TRUSTED_ORIGINS`; where pages come by
    https alone, others are somebody else's. No origin, no socket: browsers always send one.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1").rstrip("/").lower()
    host = headers.get(b"host", b"").decode("latin1").lower()
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _port = split_domain_port(host)
    hosts = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    schemes = ("https",) if settings.SECURE_SSL_REDIRECT else ("http", "https")
    try:
        parts = urlsplit(origin)
        return parts.scheme in schemes and parts.netloc == host and validate_host(domain, hosts)
    except ValueError:
        return False


def session_of(scope: Scope) -> Session | None:
    """Return who is signed in, as Django's session says, or None.

    None, too, when the address names a room that is not theirs. Asks the database at most three plain
    questions.
    """
    key = _session_cookie(scope)
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        user_id = UUID(session.get(SESSION_KEY))
    except (AttributeError, TypeError, ValueError):
        return None
    people = _PERSON.rows(person=user_id)
    if not people:
        return None
    [(password, role)] = people
    known: str = session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(known, User(password=password).get_session_auth_hash()):
        return None
    if not _may_enter(user_id, scope):
        return None
    # There are few roles, and many sockets.
    return Session(user_id, key, known, rates.address_in(scope), intern(role))


def _may_enter(user_id: UUID, scope: Scope) -> bool:
    """Say whether the person may hear the room that the address names, if it names one."""
    named = parse_qs(scope.get("query_string", b"").decode("latin1")).get("room")
    if not named:
        return True
    try:
        return bool(_ROOM.rows(person=user_id, room=UUID(named[0])))
    except ValueError:
        return False


def _session_cookie(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"cookie":
            cookie: str | None = parse_cookie(value.decode("latin1")).get(settings.SESSION_COOKIE_NAME)
            if cookie:
                return cookie
    return ""
