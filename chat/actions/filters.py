"""Making filters, and deciding about the messages that they hold."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.audit import record
from chat.actions.messages import release_held
from chat.actions.moderation import Decision, decide
from chat.actions.reviews import open_report, record_report
from chat.actions.standing import clean_reason, moderator
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.filters import look_soon
from chat.matching import host_in, word_tokens
from chat.models import Filter, Message, Report
from chat.text import tidy


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

    When they have deleted it themselves the report is closed, and nobody hears of it. Otherwise as
    `release_message`.
    """
    report = Report.objects.filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("There is no such report."))
    waiting = Message.objects.filter(room=report.room_id, sequence=_held(report), held=True, deleted_at=None)
    decision = Decision.REMOVE if waiting.exists() else Decision.DISMISS
    return decide(actor=actor, report_id=report_id, decision=decision, reason=reason)


def decide_held(*, actor: User, report_id: UUID, decision: str, reason: str) -> Report:
    """Release or reject a message, as `decision` says. Raises what these do, `Invalid` for anything else."""
    decide_so = {"release": release_message, "reject": reject_message}.get(decision)
    if decide_so is None:
        raise Invalid(_("choose what to do"), field="decision")
    return decide_so(actor=actor, report_id=report_id, reason=reason)


@transaction.atomic
def save_filter(
    *,
    actor: User,
    filter_id: int | None,
    kind: str,
    pattern: str,
    action: str,
    replacement: str,
    is_active: bool,
) -> Filter:
    """Make a filter, or change one. It holds everywhere within some seconds.

    Raises `Invalid` for a pattern that finds nothing or is there already, `NotFound`, or `Forbidden` unless
    the actor runs the server.
    """
    actor = _running_server(actor)
    pattern = _clean_pattern(kind, pattern)
    found = Filter(created_by=actor)
    if filter_id is not None:
        found = _locked(filter_id)
    before = _facts(found) if found.pk else {}
    same = found.pk is None or found.pattern == pattern
    if Filter.objects.filter(kind=kind, pattern=pattern).exclude(pk=found.pk).exists():
        raise Invalid(_("there is such a filter already"), field="pattern")
    if action not in Filter.Action.values:
        raise Invalid(_("choose what to do"), field="action")
    found.kind, found.pattern, found.action, found.is_active = kind, pattern, action, is_active
    found.replacement = replacement.strip() if action == Filter.Action.REPLACE else ""
    found.save()
    after = {**_facts(found), **({} if same else {"pattern": "changed"})}
    deed = "filter.change" if before else "filter.add"
    record(actor=actor, action=deed, target=f"filter:{found.pk}", before=before, after=after)
    transaction.on_commit(look_soon)
    return found


@transaction.atomic
def delete_filter(*, actor: User, filter_id: int) -> None:
    """Forget a filter. Raises `NotFound`, or `Forbidden` unless the actor runs the server."""
    actor = _running_server(actor)
    found = _locked(filter_id)
    record(actor=actor, action="filter.delete", target=f"filter:{found.pk}", before=_facts(found))
    found.delete()
    transaction.on_commit(look_soon)


def _running_server(actor: User) -> User:
    actor = moderator(actor)
    if not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may do this."))
    return actor


def _locked(filter_id: int) -> Filter:
    found = Filter.objects.select_for_update().filter(pk=filter_id).first()
    if found is None:
        raise NotFound(_("There is no such filter."))
    return found


def _clean_pattern(kind: str, pattern: str) -> str:
    pattern = tidy(pattern)
    if kind == Filter.Kind.LINK:
        if not host_in(pattern):
            raise Invalid(_("name a site, like example.com"), field="pattern")
        return host_in(pattern)
    if kind != Filter.Kind.WORD:
        raise Invalid(_("choose what to look for"), field="kind")
    if not word_tokens(pattern):
        raise Invalid(_("name a word or a phrase"), field="pattern")
    return " ".join(pattern.split())


def _facts(found: Filter) -> dict[str, Any]:
    """What the audit log says of a filter: not its words."""
    return {"kind": found.kind, "action": found.action, "active": found.is_active}


def _held(report: Report) -> int:
    """Return which message a report is about. Raises `Invalid` for another kind of report."""
    if report.kind != Report.Kind.FILTER:
        raise Invalid(_("no filter has held anything here"), field="report")
    return int(report.evidence["messages"][0]["sequence"])


def _gone() -> Conflict:
    return Conflict(_("The author has deleted this message: there is nothing to let through."))
