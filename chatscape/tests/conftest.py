"""The same people as in chat's tests."""

from chat.tests.conftest import alice, bob, mallory, published, room

__all__ = ["alice", "bob", "mallory", "published", "room"]
