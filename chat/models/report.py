"""What somebody told the moderators."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Report(models.Model):
    """A complaint about a person, with the reporter's words and a frozen copy of what it is about."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reporter = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="reports_made")
    subject = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="reports_received")
    context = models.TextField(_("context"), max_length=2000)
    evidence = models.JSONField(default=dict, editable=False)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self) -> str:
        return f"report {self.id}"
