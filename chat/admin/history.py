"""What moderators know of somebody already."""

from typing import Any

from accounts.models import User
from chat.models import Report
from chat.moderators import reports_for, sanctions_for

MOST = 20


def history_of(person: User | None, moderator: User, *, besides: Report | None = None) -> dict[str, Any]:
    """Return what was reported and decided about `person`, the newest first, and what else waits."""
    if person is None:
        return {"person": None}
    reports = reports_for(moderator).filter(subject=person).defer("evidence", "context")
    others = reports.exclude(pk=besides.pk) if besides else reports
    sanctions = sanctions_for(moderator).filter(person=person).select_related("appeal")
    if besides:
        sanctions = sanctions.exclude(report=besides)
    return {
        "person": person,
        "also_waiting": others.waiting()[:MOST],  # type: ignore[attr-defined]
        "earlier_reports": others.filter(state=Report.State.CLOSED).order_by("-decided_at")[:MOST],
        "earlier_sanctions": sanctions.order_by("-created_at")[:MOST],
    }
