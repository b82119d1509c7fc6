"""Who asks: the session and its person, each read with one plain statement.

Nothing is remembered between requests: a session that was ended, or a password that was changed, holds at the
next one. What is not plain (another secret, an odd value) is left to Django.
"""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import DEFAULT_DB_ALIAS
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.devices import seen_again
from accounts.models import Device, User
from chat import events
from chat.rows import as_time
from chat.statements import Statement

# What few want to know of the one who asks is fetched when they do.
_LATER = ("last_login", "date_joined", "intro", "pseudonym")
# In the order that `from_db` takes them.
_FIELDS = [field.attname for field in User._meta.concrete_fields if field.attname not in _LATER]
_UUIDS, _FLAGS, _MOMENTS = ("id",), ("is_active", "is_superuser", "has_notice"), ("muted_until",)
_SESSION = Statement(
    lambda key: Session.objects.filter(session_key=key, expire_date__gt=Now()).values_list("session_data"),
    key=str,
)
# When somebody signed in, in seconds.
SINCE = "signed_in"
_PERSON = Statement(lambda id: User.objects.filter(id=id).values_list(*_FIELDS), id=UUID)


class SessionStore(DatabaseStore):
    """Django's sessions in the database, read without building a query; their devices go where they go."""

    def load(self) -> dict[str, Any]:
        rows = _SESSION.rows(key=self.session_key or "")
        if not rows:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(rows[0][0])
        return found

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Count from when somebody signed in: no session lives longer because it is used."""
        since = self.get(SINCE)
        if since is None:
            return int(super().get_expiry_age(**kwargs))
        return max(int(since + settings.SESSION_COOKIE_AGE - time.time()), 0)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        return timezone.now() + timedelta(seconds=self.get_expiry_age(**kwargs))

    def cycle_key(self) -> None:
        """Go on under another key, on the same device."""
        data, before = self._session, self.session_key  # type: ignore[attr-defined]
        self.create()
        self._session_cache = data
        if before:
            Device.objects.filter(session=before).update(session=self.session_key)
            self.delete(before)

    def flush(self) -> None:
        """End the session, whoever ends it; its sockets end with it."""
        person, key = self.get(auth.SESSION_KEY), self.session_key
        super().flush()
        with suppress(TypeError, ValueError):
            if key:
                events.session_ended(UUID(person), key)


class AuthenticationMiddleware(DjangoMiddleware):
    """Sets `request.user`, found when it is looked at."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment]


def _user_of(request: Any) -> User | AnonymousUser:
    if not hasattr(request, "_cached_user"):
        # Django's own functions look for it under this name.
        request._cached_user = _plainly(request) or auth.get_user(request)
    return cast("User | AnonymousUser", request._cached_user)


def _plainly(request: HttpRequest) -> User | AnonymousUser | None:
    """Return who asks, or None when Django shall find out."""
    session = request.session
    named, given = session.get(auth.SESSION_KEY), session.get(auth.HASH_SESSION_KEY)
    if named is None:
        return AnonymousUser()
    if not given or session.get(auth.BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        rows = _PERSON.rows(id=UUID(named))
    except (ValueError, AttributeError):
        # No id that we gave anybody.
        return AnonymousUser()
    if not rows:
        return None
    user = _person(rows[0])
    if user.is_active and constant_time_compare(given, user.get_session_auth_hash()):
        seen_again(session.session_key or "")
        return user
    return None


def _person(row: tuple[Any, ...]) -> User:
    values = [_read(name, value) for name, value in zip(_FIELDS, row, strict=True)]
    return User.from_db(DEFAULT_DB_ALIAS, _FIELDS, values)


def _read(name: str, value: Any) -> Any:
    """Return what the driver gave in Python's terms: SQLite has neither UUIDs, truth nor moments."""
    if name in _FLAGS:
        return bool(value)
    if name in _MOMENTS:
        return None if value is None else as_time(value)
    return UUID(value) if name in _UUIDS and isinstance(value, str) else value
