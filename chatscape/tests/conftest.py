"""The same people as in chat's tests."""

from chat.tests.conftest import alice, bob, mallory, published, room
from chat.tests.matrix.conftest import it

__all__ = ["alice", "bob", "it", "mallory", "published", "room"]
