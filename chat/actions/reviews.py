"""A report that somebody reviews: who may, and what the audit log says of it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from chat.actions.audit import record
from chat.errors import Conflict, Forbidden, NotFound
from chat.models import Report

# Whoever took a report and forgot it keeps nobody else from it for longer.
KEPT = timedelta(hours=1)


def open_report(actor: User, report_id: UUID) -> Report:
    """Lock a report that `actor` may decide. Raises `NotFound`, `Conflict` or `Forbidden`."""
    # The row alone: what is joined to it would be as old as the query, when this had to wait.
    report = Report.objects.select_for_update().filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("There is no such report."))
    check_uninvolved(actor, report)
    if report.state == Report.State.CLOSED:
        raise Conflict(_("This report was decided meanwhile."))
    if report.taken_by_id != actor.pk and not actor.runs_server and (holder := _holder(report)):
        raise Conflict(_("%(name)s looks at this report.") % {"name": holder.name})
    return report


def _holder(report: Report) -> User | None:
    """The moderator who took a report a while ago at most, and may still decide it."""
    holder = report.taken_by
    if holder is None or report.taken_at is None or timezone.now() - report.taken_at > KEPT:
        return None
    return holder if holder.is_staff and holder.is_active else None


def check_uninvolved(actor: User, report: Report) -> None:
    """Raise `Forbidden` when `actor` has a part in a report, or may not act against whom it is about."""
    if actor.pk == report.subject_id or made_it(actor, report):
        raise Forbidden(_("You are part of this report: somebody else has to decide it."))
    if report.subject and report.subject.is_staff and not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may act against moderators."))


def made_it(actor: User, report: Report) -> bool:
    """Say whether `actor` leaves a report to others because they made it; nobody else: it is theirs."""
    if actor.pk != report.reporter_id:
        return False
    others = User.objects.filter(is_active=True).exclude(pk=actor.pk)
    if report.subject_id:
        others = others.exclude(pk=report.subject_id)
    theirs = (Role.OWNER, Role.ADMIN)
    able = theirs if report.subject and report.subject.is_staff else (*theirs, Role.MODERATOR)
    return others.filter(role__in=able).exists()


def record_report(
    action: str,
    actor: User,
    report: Report,
    before: str,
    *,
    days: int | None = None,
    removed: Sequence[int] = (),
) -> None:
    """Write what was done with a report to the audit log."""
    after = {"state": report.state, "outcome": report.outcome, "days": days, "removed": list(removed)}
    record(
        actor=actor,
        action=action,
        subject=report.subject,
        target=f"report:{report.pk}",
        before={"state": before},
        after={name: value for name, value in after.items() if value},
    )
