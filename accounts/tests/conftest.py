"""Three people: alice owns the server, bob is a member, mallory is the outsider."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

if TYPE_CHECKING:
    from accounts.models import User

# This file is loaded before Django is: what needs models is imported where it is used.


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("alice", role="owner")


@pytest.fixture
def bob(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("bob")


@pytest.fixture
def mallory(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("mallory")
