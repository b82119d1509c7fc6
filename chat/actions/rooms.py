"""Opening rooms and reading in them."""

from uuid import UUID

from accounts.models import User
from chat import events
from chat.errors import room_not_found
from chat.models import Membership, Room


def open_direct_room(one: User, other: User) -> Room:
    """Return the direct room of two people, made if they had none. Call it in a transaction."""
    room, _made = Room.objects.get_or_create(
        pair_key=Room.pair(one, other), defaults={"kind": Room.Kind.DIRECT}
    )
    for person, peer in ((one, other), (other, one)):
        _membership, joined = Membership.objects.get_or_create(
            room=room, user=person, defaults={"peer": peer}
        )
        if joined:
            events.member_joined(room, person)
    return room


def mark_read(*, reader: User, room_id: UUID, sequence: int) -> None:
    """Remember that `reader` has read up to `sequence`; never goes back.

    Raises `NotFound` when the reader is not a member.
    """
    membership = Membership.objects.of(reader).select_related("room").filter(room=room_id).first()
    if membership is None:
        raise room_not_found()
    sequence = min(sequence, membership.room.revision)
    if membership.mark_read(sequence):
        events.room_read(reader, membership.room, sequence)
