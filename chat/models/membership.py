"""Who is in a room, and how far they have read."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from chat.models.block import Block
from chat.models.contact import Contact, containing
from chat.models.message import AsKept, Message
from chat.models.room import Room

UNREAD_MOST = 100
# Characters of a message that are read for its line in the list of rooms.
SAID_MOST = 140


class CappedCount(Subquery):
    """Counts the rows of a sliced query, so that a long absence costs no more than a short one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = models.IntegerField()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: User | UUID) -> "MembershipQuerySet":
        return self.filter(user=user)

    def with_unread(self) -> "MembershipQuerySet":
        """Annotate `unread`: messages of others after the last one read, at most `UNREAD_MOST`."""
        unread = (
            Message.objects.filter(
                room=OuterRef("room"), sequence__gt=OuterRef("read_sequence"), deleted_at=None, withheld=False
            )
            .exclude(author=OuterRef("user"))
            # In order, so that PostgreSQL walks the index from there instead of reading until it has enough.
            .order_by("sequence")
            .values("pk")[:UNREAD_MOST]
        )
        return self.annotate(unread=CappedCount(unread))

    def with_title(self) -> "MembershipQuerySet":
        """Annotate `title` (in a direct room the other person as the member's contacts call them, else
        the room's name), `contact_id` and `i_block`."""
        called = Contact.objects.filter(owner=OuterRef("user"), person=OuterRef("peer"))
        return self.annotate(
            contact_id=Subquery(called.values("pk")[:1]),
            title=Coalesce(Subquery(called.values("name")[:1]), F("peer__name"), F("room__name")),
            i_block=Exists(Block.objects.filter(blocker=OuterRef("user"), blocked=OuterRef("peer"))),
        )

    def rows(self) -> models.QuerySet["Membership", tuple[Any, ...]]:
        """All that a row of the list of rooms shows, as the fields of `chat.rows.RoomRow`."""
        return (
            self.with_title()
            .with_unread()
            .values_list(
                "user",
                "room",
                "room__kind",
                "room__revision",
                AsKept("room__active_at"),
                "peer",
                "peer__name",
                "title",
                "contact_id",
                "i_block",
                "read_sequence",
                "unread",
                "room__last_message__sequence",
                "room__last_message__author",
                "room__last_message__author__name",
                Substr("room__last_message__body", 1, SAID_MOST),
                AsKept("room__last_message__created_at"),
                AsKept("room__last_message__deleted_at"),
                "withheld__sequence",
                Substr("withheld__body", 1, SAID_MOST),
                AsKept("withheld__created_at"),
                AsKept("withheld__deleted_at"),
            )
        )

    def recent_first(self) -> "MembershipQuerySet":
        return self.order_by("-room__active_at", "-pk")

    def titled_like(self, text: str) -> "MembershipQuerySet":
        """Those whose title or person's own name contains `text`, whatever the case."""
        return self.with_title().filter(containing("title", text) | containing("peer__name", text))


class Membership(models.Model):
    """One person's place in one room."""

    class Role(models.TextChoices):
        HOST = "host", gettext_lazy("Host")
        MODERATOR = "moderator", gettext_lazy("Moderator")
        SPEAKER = "speaker", gettext_lazy("Speaker")
        PARTICIPANT = "participant", gettext_lazy("Participant")
        VIEWER = "viewer", gettext_lazy("Viewer")

    class Involvement(models.TextChoices):
        ALL = "all", gettext_lazy("All messages")
        MENTIONS = "mentions", gettext_lazy("Mentions")
        NOTHING = "nothing", gettext_lazy("Nothing")

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    # In a direct room, the other person: lists of rooms need it in every row.
    peer = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    role = models.CharField(max_length=11, choices=Role.choices, default=Role.PARTICIPANT)
    involvement = models.CharField(max_length=8, choices=Involvement.choices, default=Involvement.ALL)
    read_sequence = models.PositiveBigIntegerField(default=0)
    # The last message of this member that was withheld from the other: to them it looks sent.
    withheld = models.ForeignKey(
        Message, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="chat_membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"

    def mark_read(self, sequence: int) -> bool:
        """Remember that everything up to `sequence` was read; never goes back. Says if it changed."""
        return bool(
            Membership.objects.filter(pk=self.pk, read_sequence__lt=sequence).update(read_sequence=sequence)
        )
