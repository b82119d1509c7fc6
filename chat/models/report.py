"""What somebody told the moderators, and what they decided."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.room import Room


class Reason(models.TextChoices):
    """What a report is about."""

    SPAM = "spam", _("Spam or advertising")
    HARASSMENT = "harassment", _("Harassment or bullying")
    HATE = "hate", _("Hate")
    THREAT = "threat", _("Threat or violence")
    SEXUAL = "sexual", _("Unwanted sexual content")
    SELF_HARM = "self_harm", _("Somebody may hurt themselves")
    IMPERSONATION = "impersonation", _("Pretends to be somebody else")
    OTHER = "other", _("Something else")

    @property
    def urgency(self) -> int:
        """How soon somebody should look, 0 (it can wait) to 3 (now)."""
        return URGENCY.get(self, 1)


URGENCY = {
    Reason.SELF_HARM: 3,
    Reason.THREAT: 3,
    Reason.SEXUAL: 2,
    Reason.HATE: 2,
    Reason.SPAM: 0,
    Reason.OTHER: 0,
}


class ReportQuerySet(models.QuerySet["Report"]):
    def waiting(self) -> "ReportQuerySet":
        """Those that nobody has decided, the most urgent first, the oldest of them before others."""
        return self.exclude(state=Report.State.CLOSED).order_by("-urgency", "created_at")

    def news_for(self, reporter: User | uuid.UUID) -> "ReportQuerySet":
        """Those of `reporter` that were decided since they last looked."""
        return self.filter(reporter=reporter, state=Report.State.CLOSED, seen_at=None)


class Report(models.Model):
    """A complaint about a person, with the reporter's words and a frozen copy of what it is about.

    `evidence` is what was to be seen when it was made::

        {"name", "intro", "greeting",
         "messages": [{"sequence", "author", "author_name", "body", "created_at", "edited_at", "deleted",
                       "picked", "before": [earlier wordings]}],
         "filter": {"pattern", "action"}}
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        MESSAGE = "message", _("Message")
        REQUEST = "request", _("Contact request")
        FILTER = "filter", _("Held by a filter")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        TAKEN = "taken", _("In review")
        CLOSED = "closed", _("Closed")

    class Outcome(models.TextChoices):
        NONE = "", _("Not decided")
        DISMISSED = "dismissed", _("Dismissed")
        WARNED = "warned", _("Warned")
        MUTED = "muted", _("Muted")
        SUSPENDED = "suspended", _("Suspended")
        BANNED = "banned", _("Banned")
        REMOVED = "removed", _("Messages removed")
        RELEASED = "released", _("Message released")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.PERSON)
    reporter = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="reports_made")
    subject = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="reports_received")
    room = models.ForeignKey(Room, null=True, on_delete=models.SET_NULL, related_name="reports")
    reason = models.CharField(_("reason"), max_length=13, choices=Reason.choices, default=Reason.OTHER)
    urgency = models.PositiveSmallIntegerField(default=0, editable=False)
    context = models.TextField(_("context"), max_length=2000)
    evidence = models.JSONField(default=dict, editable=False)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    taken_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    taken_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, default=Outcome.NONE, blank=True)
    decision_reason = models.TextField(_("reason of the decision"), max_length=2000, blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    # When the reporter saw the decision.
    seen_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[ReportQuerySet] = ReportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "-urgency", "created_at"], name="chat_report_queue"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="closed") ^ models.Q(outcome=""), name="chat_report_decided"
            )
        ]

    def __str__(self) -> str:
        return f"report {self.id}"

    @property
    def is_news(self) -> bool:
        """Whether it was decided since the reporter last looked."""
        return self.state == Report.State.CLOSED and self.seen_at is None
