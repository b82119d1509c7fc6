"""What the two people of a direct room show each other: whether they are here, how far they have read."""

from collections.abc import Iterator, Sequence
from typing import Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from chat.models import Block, Membership

PEERS_MOST = 100
What = Literal["shows_presence", "shows_receipts"]


def sharing(what: What) -> QuerySet[Membership]:
    """Memberships of direct rooms whose two people both show it, and neither blocks the other."""
    both = {f"user__{what}": True, f"peer__{what}": True, "peer__is_active": True}
    return unblocked().filter(**both)


def unblocked() -> QuerySet[Membership]:
    """Memberships whose other person neither blocks the member nor is blocked by them."""
    ours = Block.objects.filter(blocker=OuterRef("user"), blocked=OuterRef("peer"))
    theirs = Block.objects.filter(blocker=OuterRef("peer"), blocked=OuterRef("user"))
    return Membership.objects.exclude(Exists(ours)).exclude(Exists(theirs))


def seen_by_peer(user_id: UUID, room_id: UUID) -> int | None:
    """Return how far the other person of a direct room has read, if both show that to each other."""
    theirs = sharing("shows_receipts").filter(room=room_id, peer=user_id)
    return theirs.values_list("read_sequence", flat=True).first()


def peers_of(user_id: UUID) -> dict[UUID, UUID]:
    """The people whose presence somebody may know, with their rooms: of the most recent conversations."""
    own = sharing("shows_presence").filter(user=user_id, user__is_active=True, peer__isnull=False)
    rows = own.recent_first()  # type: ignore[attr-defined]
    return dict(rows.values_list("peer", "room")[:PEERS_MOST])


def everybody_with(user: User) -> list[UUID]:
    """All who have a direct room with somebody."""
    peers = Membership.objects.of(user).exclude(peer=None)
    return list(peers.values_list("peer", flat=True))


def with_receipts(
    read: Sequence[tuple[UUID, UUID, int]],
) -> Iterator[tuple[UUID, UUID, int, UUID]]:
    """Return those of what was read (room, reader, sequence) that the other person is shown, with them."""
    rooms = {room_id for room_id, _user_id, _sequence in read}
    shown = sharing("shows_receipts").filter(
        room__in=rooms, user__in={user_id for _room, user_id, _sequence in read}
    )
    peers = {(room_id, user_id): peer for room_id, user_id, peer in shown.values_list("room", "user", "peer")}
    for room_id, user_id, sequence in read:
        if peer := peers.get((room_id, user_id)):
            yield room_id, user_id, sequence, peer
