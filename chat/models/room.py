"""A place where messages have one order."""

import uuid
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class RoomQuerySet(models.QuerySet["Room"]):
    def of(self, user: User | UUID) -> "RoomQuerySet":
        """Rooms that `user` is a member of: the only ones they may see."""
        return self.filter(memberships__user=user)

    def locked(self) -> "RoomQuerySet":
        """Lock the rooms until the transaction ends, so that revisions have one order.

        SQLite has no row locks: its transactions take the write lock when they begin.
        """
        return self.select_for_update(of=("self",))


class Room(models.Model):
    """A conversation; every change in it raises its revision by one.

    A message's `sequence` is the revision it was born with. Whoever changes anything locks the
    room's row first, so revisions are consecutive and become visible in order.
    """

    class Kind(models.TextChoices):
        DIRECT = "direct", _("Direct")
        GROUP = "group", _("Group")
        OPEN = "open", _("Open")
        EVENT = "event", _("Event")
        VISITOR = "visitor", _("Visitor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    name = models.CharField(max_length=80, blank=True)
    pair_key = models.CharField(max_length=73, null=True, unique=True, editable=False)
    revision = models.PositiveBigIntegerField(default=0, editable=False)
    last_message = models.ForeignKey(
        "chat.Message", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    active_at = models.DateTimeField(default=timezone.now, db_index=True, editable=False)

    objects: ClassVar[RoomQuerySet] = RoomQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="chat_room_direct_has_pair",
                condition=models.Q(kind="direct", pair_key__isnull=False)
                | (~models.Q(kind="direct") & models.Q(pair_key__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("room", args=[self.id])

    @staticmethod
    def pair(one: User, other: User) -> str:
        """The key of the only direct room these two people can have."""
        return ":".join(sorted((str(one.id), str(other.id))))
