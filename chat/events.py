"""What has happened, told to whoever is connected.

The only place that names events. They leave when the transaction has committed, never before, and
nothing depends on their arrival: the database is the truth, and whoever missed one catches up.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chat.models import Message, Room
from chat.realtime import publisher
from chat.realtime.groups import room_group, user_group
from chat.realtime.tokens import fingerprint
from chat.render import message_json


def message_created(message: Message) -> None:
    _message_changed("message.created", message)


def message_edited(message: Message) -> None:
    _message_changed("message.edited", message)


def message_deleted(message: Message) -> None:
    _message_changed("message.deleted", message)


def member_joined(room: Room, user: User) -> None:
    """Tell a person's sockets that they are in a new room."""
    _publish(user_group(user.id), lambda: {"name": "member.joined", "room": str(room.id)})


def inbox_changed(user: User) -> None:
    """Tell a person's pages that their list of rooms or requests is not what it was."""
    _publish(user_group(user.id), lambda: {"name": "inbox.changed"})


def room_read(user_id: UUID, room_id: UUID, sequence: int) -> None:
    """Tell a person's other pages how far they have read."""
    _publish(user_group(user_id), lambda: {"name": "read", "room": str(room_id), "sequence": sequence})


def session_ended(user_id: UUID, session_key: str) -> None:
    """End the sockets of a session: its person has signed out."""
    _publish(user_group(user_id), lambda: {"name": "access.ended", "session": fingerprint(session_key)})


def password_changed(user: User) -> None:
    """End all sockets of a person but those of sessions that were renewed with the new password."""
    password = user.get_session_auth_hash()
    _publish(user_group(user.id), lambda: {"name": "access.ended", "password": fingerprint(password)})


def account_closed(user: User) -> None:
    """End all sockets of a person."""
    _publish(user_group(user.id), lambda: {"name": "access.ended"})


def access_changed(user: User) -> None:
    """End those sockets of a person that were opened with another role than theirs is now."""
    role = user.role
    _publish(user_group(user.id), lambda: {"name": "access.changed", "role": str(role)})


def standing_changed(user: User) -> None:
    """Tell a person's pages that moderators have written to them."""
    _publish(user_group(user.id), lambda: {"name": "standing.changed"})


def report_decided(reporter: User) -> None:
    """Tell a person's pages that something they reported was decided."""
    _publish(user_group(reporter.id), lambda: {"name": "report.decided"})


def member_left(room: Room, user: User) -> None:
    """Tell a person's sockets that they are in a room no longer: they hear nothing more of it."""
    _publish(user_group(user.id), lambda: {"name": "member.left", "room": str(room.id)})


def typing(room_id: UUID, user_id: UUID, name: str) -> None:
    """Tell a room that somebody types: now, for there is nothing to commit."""
    told = {"name": "typing", "room": str(room_id), "user": str(user_id), "user_name": name}
    publisher.publish(room_group(room_id), told)


def receipt_changed(user_id: UUID, room_id: UUID, sequence: int, peer_id: UUID) -> None:
    """Tell the other person of a direct room how far somebody has read."""
    told = {"name": "receipt.changed", "room": str(room_id), "user": str(user_id), "sequence": sequence}
    _publish(user_group(peer_id), lambda: told)


def sharing_changed(*people: UUID) -> None:
    """Tell people's pages to ask anew what others show them; what they knew is told no further."""
    for person in people:
        _publish(user_group(person), lambda: {"name": "sharing.changed"})


def _message_changed(name: str, message: Message) -> None:
    # A withheld message reaches nobody but its author's own pages.
    group = user_group(message.author_id) if message.withheld else room_group(message.room_id)
    _publish(group, lambda: {"name": name, **_told(message)})


def _told(message: Message) -> dict[str, Any]:
    """What an event says of a message. Its HTML is large: it travels once, beside the rest."""
    words = message_json(message)
    html = words.pop("html")
    return {"room": words["room"], "revision": words["revision"], "html": html, "message": words}


def _publish(group: str, event: Callable[[], dict[str, Any]]) -> None:
    # Rendered after the commit, too: nobody waits for the room while a template runs.
    transaction.on_commit(lambda: publisher.publish(group, event()), robust=True)
