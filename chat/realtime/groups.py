"""The names of the groups that events are published to."""

from uuid import UUID


def room_group(room_id: UUID | str) -> str:
    """Everybody who is looking at a room."""
    return f"room.{room_id}"


def user_group(user_id: UUID | str) -> str:
    """All pages of one person."""
    return f"user.{user_id}"
