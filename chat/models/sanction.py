"""What moderators imposed on somebody, and what that person says to it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.report import Report

REASON_MOST = 2000


class SanctionQuerySet(models.QuerySet["Sanction"]):
    def of(self, person: User) -> "SanctionQuerySet":
        return self.filter(person=person)

    def in_force(self) -> "SanctionQuerySet":
        """Those that keep somebody from something now."""
        return self.filter(kind__in=Sanction.LASTING, lifted_at=None).filter(
            Q(ends_at=None) | Q(ends_at__gt=timezone.now())
        )


class Sanction(models.Model):
    """One measure against one person, with the reason they are given."""

    class Kind(models.TextChoices):
        WARNING = "warning", _("Warning")
        REMOVAL = "removal", _("Messages removed")
        MUTE = "mute", _("Mute")
        SUSPENSION = "suspension", _("Suspension")
        BAN = "ban", _("Ban")

    LASTING = (Kind.MUTE, Kind.SUSPENSION, Kind.BAN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sanctions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.TextField(_("reason"), max_length=REASON_MOST)
    report = models.ForeignKey(Report, null=True, on_delete=models.SET_NULL, related_name="sanctions")
    moderator = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    lift_reason = models.TextField(max_length=REASON_MOST, blank=True)
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[SanctionQuerySet] = SanctionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["person", "-created_at"], name="chat_sanction_history")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_over(self) -> bool:
        """Whether it was lifted, or its time has passed."""
        return self.lifted_at is not None or (self.ends_at is not None and self.ends_at <= timezone.now())


class Appeal(models.Model):
    """A person's objection to a sanction: one for each, decided by another moderator."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        UPHELD = "upheld", _("The decision stands")
        GRANTED = "granted", _("The decision was undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sanction = models.OneToOneField(Sanction, on_delete=models.CASCADE, related_name="appeal")
    words = models.TextField(_("what you want to say"), max_length=REASON_MOST)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    answer = models.TextField(_("answer"), max_length=REASON_MOST, blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["state", "created_at"], name="chat_appeal_queue")]

    def __str__(self) -> str:
        return f"appeal {self.id}"
