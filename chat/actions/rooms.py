"""Opening rooms and reading in them."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chat import events
from chat.actions.sql import advance_reads
from chat.errors import room_not_found
from chat.models import Membership, Room
from chat.sharing import with_receipts

MARKS_AT_ONCE = 200


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
    check_member(reader.id, room_id)
    mark_all_read({(room_id, reader.id): sequence})


def mark_all_read(marks: Mapping[tuple[UUID, UUID], int]) -> None:
    """Remember how far several people have read, by room and person; never goes back.

    Who is not a member is left out.
    """
    with transaction.atomic():
        waiting = list(marks.items())
        for start in range(0, len(waiting), MARKS_AT_ONCE):
            advanced = list(advance_reads(dict(waiting[start : start + MARKS_AT_ONCE])))
            for room_id, user_id, sequence in advanced:
                events.room_read(user_id, room_id, sequence)
            for room_id, user_id, sequence, peer_id in with_receipts(advanced):
                events.receipt_changed(user_id, room_id, sequence, peer_id)


def check_member(user_id: UUID, room_id: UUID) -> None:
    """Raise `NotFound` when somebody is not a member of a room, or may not use their account."""
    if not Membership.objects.filter(user=user_id, user__is_active=True, room=room_id).exists():
        raise room_not_found()


def leave_room(*, member: User, room_id: UUID) -> None:
    """Take `member` out of a room of several; harmless when they are not in it.

    A direct room stays: whoever wants to hear nothing more from the other blocks them.
    """
    with transaction.atomic():
        own = Membership.objects.of(member).exclude(room__kind=Room.Kind.DIRECT).select_related("room")
        membership = own.filter(room=room_id).first()
        if membership:
            membership.delete()
            events.member_left(membership.room, member)
