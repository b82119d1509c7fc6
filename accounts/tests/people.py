"""People for tests."""

from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from accounts.models import User

PASSWORD = "correct horse battery"


def make_user(name: str, *, verified: bool = True, **fields: Any) -> User:
    """Make a person whose confirmed address is `<name>@example.com` and who signs in with `PASSWORD`."""
    fields.setdefault("email", f"{name.lower().replace(' ', '.')}@example.com")
    fields.setdefault("password", _hashed())
    return User.objects.add(User(name=name, **fields), verified=verified)


@cache
def _hashed() -> str:
    # Hashing takes long on purpose: once a run is enough.
    return make_password(PASSWORD)
