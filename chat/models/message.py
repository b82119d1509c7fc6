"""Messages, their order, and what they said before."""

import uuid
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import User
from chat.models.room import Room

PAGE = 50
PAGE_MOST = 100


class MessageQuerySet(models.QuerySet["Message"]):
    """Pages of a room. Lists come in the order they are shown in, oldest first."""

    def visible_to(self, user: User | UUID) -> "MessageQuerySet":
        """Leave out what was withheld from `user`: messages of somebody they block."""
        return self.filter(Q(withheld=False) | Q(author=user))

    def before(self, sequence: int | None, limit: int = PAGE) -> list["Message"]:
        """The last `limit` messages born before `sequence`, or the newest ones."""
        older = self if sequence is None else self.filter(sequence__lt=sequence)
        return list(older.select_related("author").order_by("-sequence")[:limit])[::-1]

    def after(self, sequence: int, limit: int = PAGE) -> list["Message"]:
        """The first `limit` messages born after `sequence`."""
        newer = self.filter(sequence__gt=sequence)
        return list(newer.select_related("author").order_by("sequence")[:limit])

    def changed_since(self, revision: int, limit: int = PAGE_MOST) -> list["Message"]:
        """The first `limit` messages posted, edited or deleted after `revision`, in that order."""
        changed = self.filter(revision__gt=revision)
        return list(changed.select_related("author").order_by("revision")[:limit])


class Message(models.Model):
    """What somebody said in a room.

    `(room, sequence)` is its public address; `(author, client_id)` makes sending it again harmless.
    A deleted message stays as a tombstone without its words.
    """

    # The constraints below begin with room and author: indexes of their own would only cost.
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    sequence = models.PositiveBigIntegerField(editable=False)
    revision = models.PositiveBigIntegerField(editable=False)
    client_id = models.UUIDField(default=uuid.uuid4, editable=False)
    body = models.TextField()
    body_html = models.TextField(editable=False)
    reply_to = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replies")
    thread_root = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="thread")
    withheld = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    # The HTML of a revision, kept by `chat.render`.
    article: tuple[int, SafeString] | None = None

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        # To jump to a date.
        indexes = [models.Index(fields=["room", "created_at"])]
        constraints = [
            models.UniqueConstraint(fields=["room", "sequence"], name="chat_message_sequence_once"),
            models.UniqueConstraint(fields=["author", "client_id"], name="chat_message_client_id_once"),
            models.UniqueConstraint(fields=["room", "revision"], name="chat_message_revision_once"),
            models.CheckConstraint(
                condition=Q(revision__gte=models.F("sequence")), name="chat_message_revision_after_sequence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} #{self.sequence}"

    def get_absolute_url(self) -> str:
        return reverse("message", args=[self.room_id, self.sequence])


class MessageEdit(models.Model):
    """What a message said before an edit: kept for moderators, never shown in the room."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="edits")
    revision = models.PositiveBigIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["revision"]
        constraints = [models.UniqueConstraint(fields=["message", "revision"], name="chat_message_edit_once")]

    def __str__(self) -> str:
        return f"{self.message_id} @{self.revision}"
