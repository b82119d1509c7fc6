"""Messages, their order, and what they said before."""

import uuid
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models.room import Room

PAGE = 50
PAGE_MOST = 100


class AsKept(models.Func):
    """A moment as the database keeps it: parsing SQLite's text takes long, and few are looked at."""

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        # An expression has no type that the driver would know how to convert.
        return self.as_sql(compiler, connection, template="+%(expressions)s", **extra)


class MessageQuerySet(models.QuerySet["Message"]):
    """Parts of a room."""

    def visible_to(self, user: User | UUID) -> "MessageQuerySet":
        """Leave out what was withheld from `user`: messages of somebody they block."""
        return self.filter(Q(withheld=False) | Q(author=user))

    def before(self, sequence: int | None = None) -> "MessageQuerySet":
        """Those born before `sequence`, or all; the newest first."""
        older = self if sequence is None else self.filter(sequence__lt=sequence)
        return older.order_by("-sequence")

    def after(self, sequence: int) -> "MessageQuerySet":
        """Those born after `sequence`, the oldest first."""
        return self.filter(sequence__gt=sequence).order_by("sequence")

    def changed_since(self, revision: int) -> "MessageQuerySet":
        """Those posted, edited or deleted after `revision`, in that order."""
        return self.filter(revision__gt=revision).order_by("revision")

    def rows(self) -> models.QuerySet["Message", tuple[Any, ...]]:
        """All that pages show of a message, as the fields of `chat.rows.MessageRow`."""
        return self.values_list(
            "room",
            "sequence",
            "revision",
            "author",
            "author__name",
            "client_id",
            "body",
            "body_html",
            AsKept("created_at"),
            AsKept("edited_at"),
            AsKept("deleted_at"),
            "held",
        )


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
    # Withheld until a moderator has looked at it: the report of the filter tells which. The database knows
    # the default, too: while workers are replaced some do not know the column.
    held = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

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
