"""Named people: alice owns things, bob is her contact, mallory is the outsider."""

from typing import TYPE_CHECKING, Any

import pytest

# Read before Django is set up when pytest is given this folder: models are imported inside.
if TYPE_CHECKING:
    from accounts.models import User
    from chat.models import Room


@pytest.fixture
def alice(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Alice")


@pytest.fixture
def bob(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Bob")


@pytest.fixture
def mallory(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Mallory")


@pytest.fixture
def room(alice: "User", bob: "User") -> "Room":
    """The conversation of alice and bob, without messages."""
    from chat.tests.situations import befriend

    return befriend(alice, bob)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What left for the sockets: pairs of a group and an event."""
    from chat.realtime import publisher

    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(publisher, "publish", lambda group, event: sent.append((group, event)))
    return sent
