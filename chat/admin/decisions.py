"""What can be decided about a report, in words: for the moderator, and for what the others will see."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.actions.moderation import Decision
from chat.models import Report, Sanction

Choices = list[tuple[str, str | Promise]]

CHOICES: Choices = [
    (Decision.DISMISS, _("Dismiss")),
    (Decision.WARN, _("Warn")),
    (Decision.REMOVE, _("Remove messages")),
    (Decision.MUTE, _("Mute")),
    (Decision.SUSPEND, _("Suspend")),
    (Decision.BAN, _("Ban")),
]
HINTS: dict[str, str | Promise] = {
    Decision.DISMISS: _("Nothing happens to the person, and they hear nothing of it."),
    Decision.WARN: _("They read your reason, and go on."),
    Decision.REMOVE: _("The ticked messages are deleted for everybody, for good."),
    Decision.MUTE: _("They can read, but not write, for some days."),
    Decision.SUSPEND: _("They are signed out at once, for some days."),
    Decision.BAN: _("They are signed out at once, until somebody lifts it."),
    "release": _("The message is delivered to everybody in the conversation."),
    "reject": _("The message is never delivered."),
}
HELD: Choices = [("release", _("Release the message")), ("reject", _("Reject the message"))]
# Without a report; the kinds of sanctions that one can start with.
MEASURES: Choices = [
    (Sanction.Kind.WARNING, _("Warn")),
    (Sanction.Kind.MUTE, _("Mute")),
    (Sanction.Kind.SUSPENSION, _("Suspend")),
    (Sanction.Kind.BAN, _("Ban")),
]
MEASURE_HINTS: dict[str, str | Promise] = {
    Sanction.Kind.WARNING: HINTS[Decision.WARN],
    Sanction.Kind.MUTE: HINTS[Decision.MUTE],
    Sanction.Kind.SUSPENSION: HINTS[Decision.SUSPEND],
    Sanction.Kind.BAN: HINTS[Decision.BAN],
}
URGENCIES: list[tuple[int, str | Promise]] = [
    (3, _("Now")),
    (2, _("Soon")),
    (1, _("Today")),
    (0, _("Can wait")),
]


def choices_for(report: Report) -> Choices:
    """Return what can be decided: about somebody who is gone there is not much."""
    if report.subject_id is None:
        return CHOICES[:1]
    return HELD if report.kind == Report.Kind.FILTER else CHOICES


def urgency_of(report: Report) -> str | Promise:
    return dict(URGENCIES).get(report.urgency, URGENCIES[-1][1])
