"""What moderators decide about messages that a filter holds."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.messages import release_held
from chat.actions.moderation import Decision, decide, open_report, record_report
from chat.actions.standing import clean_reason, moderator
from chat.errors import Conflict, Invalid, NotFound
from chat.models import Report


@transaction.atomic
def release_message(*, actor: User, report_id: UUID, reason: str) -> Report:
    """Let everybody see a message that a filter held.

    Raises `Invalid` without a reason; `NotFound` for whoever may not moderate; `Forbidden` when the message
    is the actor's own; `Conflict` when it was decided meanwhile, or the author has deleted the message.
    """
    reason = clean_reason(reason)
    actor = moderator(actor)
    report = open_report(actor, report_id)
    sequence = _held(report)
    if report.subject_id is None or report.room_id is None:
        raise _gone()
    try:
        release_held(author_id=report.subject_id, room_id=report.room_id, sequence=sequence)
    except NotFound as error:
        raise _gone() from error
    before = report.state
    report.state, report.outcome = Report.State.CLOSED, Report.Outcome.RELEASED
    report.decision_reason, report.decided_by, report.decided_at = reason, actor, timezone.now()
    report.save(update_fields=["state", "outcome", "decision_reason", "decided_by", "decided_at"])
    record_report("report.release_message", actor, report, before)
    return report


@transaction.atomic
def reject_message(*, actor: User, report_id: UUID, reason: str) -> Report:
    """Delete a message that a filter held. The author reads `reason` and may appeal.

    Raises what `release_message` does; the message may be deleted already.
    """
    report = Report.objects.filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("There is no such report."))
    return decide(
        actor=actor, report_id=report_id, decision=Decision.REMOVE, reason=reason, remove=[_held(report)]
    )


def _held(report: Report) -> int:
    """Return which message a report is about. Raises `Invalid` for another kind of report."""
    if report.kind != Report.Kind.FILTER:
        raise Invalid(_("no filter has held anything here"), field="report")
    return int(report.evidence["messages"][0]["sequence"])


def _gone() -> Conflict:
    return Conflict(_("The author has deleted this message: there is nothing to let through."))
