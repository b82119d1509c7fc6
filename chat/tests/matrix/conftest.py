"""The world, and sockets to it."""

from typing import TYPE_CHECKING, Any

import pytest

from chat.tests.realtime.conftest import open_page

if TYPE_CHECKING:
    from accounts.models import User
    from chat.tests.matrix.roles import World

__all__ = ["hosts", "it", "open_page"]


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["chat.example", "localhost"]


@pytest.fixture
def it(alice: "User", bob: "User", mallory: "User", settings: Any) -> "World":
    from chat.tests.matrix.roles import World

    # Nobody is asked to wait, whoever tries how much: that has tests of its own.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    return World.build(alice, bob, mallory)
