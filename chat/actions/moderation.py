"""What moderators do with reports and people. Each deed is in the audit log, and told when it is kept.

Locks are taken in one order: the report or the sanction, the person, rooms. Of two moderators who decide
the same at the same moment one acts, and the other is told so.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions import revoke_server_links
from accounts.models import Role, User
from chat import events
from chat.actions.audit import record
from chat.actions.messages import remove_messages
from chat.actions.reviews import check_uninvolved, open_report, record_report
from chat.actions.standing import (
    CLOSING,
    check_may_act,
    clean_reason,
    closed_by_sanction,
    end_sanction,
    flags,
    locked_person,
    moderator,
    settle,
    tell,
)
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import Message, Report, Sanction

Kind, Outcome, State = Sanction.Kind, Report.Outcome, Report.State

DAYS_MOST = 365


class Decision(models.TextChoices):
    """What can be decided about a report."""

    DISMISS = "dismiss", gettext_lazy("Dismiss")
    WARN = "warn", gettext_lazy("Warn")
    MUTE = "mute", gettext_lazy("Mute")
    SUSPEND = "suspend", gettext_lazy("Suspend")
    BAN = "ban", gettext_lazy("Ban")
    REMOVE = "remove", gettext_lazy("Remove messages")


OUTCOMES = {
    Decision.DISMISS: Outcome.DISMISSED,
    Decision.WARN: Outcome.WARNED,
    Decision.MUTE: Outcome.MUTED,
    Decision.SUSPEND: Outcome.SUSPENDED,
    Decision.BAN: Outcome.BANNED,
    Decision.REMOVE: Outcome.REMOVED,
}
_KINDS = {
    Decision.WARN: Kind.WARNING,
    Decision.MUTE: Kind.MUTE,
    Decision.SUSPEND: Kind.SUSPENSION,
    Decision.BAN: Kind.BAN,
}


@transaction.atomic
def take_report(*, actor: User, report_id: UUID) -> Report:
    """Say that `actor` looks at a report; taking it again changes nothing.

    Somebody else's can be taken over after an hour, and by those who run the server at once.
    Raises `NotFound`, `Conflict` (decided, or with somebody else) or `Forbidden` (see `decide`).
    """
    actor = moderator(actor)
    report = open_report(actor, report_id)
    if report.taken_by_id == actor.pk:
        return report
    before = report.state
    report.state, report.taken_by, report.taken_at = State.TAKEN, actor, timezone.now()
    report.save(update_fields=["state", "taken_by", "taken_at"])
    record_report("report.take", actor, report, before)
    return report


@transaction.atomic
def release_report(*, actor: User, report_id: UUID) -> Report:
    """Give a report back to the queue. Raises what `take_report` does."""
    actor = moderator(actor)
    report = open_report(actor, report_id)
    if report.state == State.OPEN:
        return report
    before = report.state
    report.state, report.taken_by, report.taken_at = State.OPEN, None, None
    report.save(update_fields=["state", "taken_by", "taken_at"])
    record_report("report.release", actor, report, before)
    return report


@transaction.atomic
def decide(
    *,
    actor: User,
    report_id: UUID,
    decision: Decision | str,
    reason: str,
    days: int | None = None,
    remove: Sequence[int] = (),
) -> Report:
    """Decide a report and do what was decided. The person reads `reason`; the reporter hears the outcome.

    `days` is for muting and suspending. `remove` names messages of the person in the report's evidence, by
    sequence: they are deleted for everybody, with any decision but to dismiss.
    Raises `Invalid`; `NotFound` for whoever may not moderate; `Forbidden` when the actor is the person or
    the reporter, and to moderators when the person is one; `Conflict` when it was decided meanwhile, or
    somebody else looks at it.
    """
    reason, decision = clean_reason(reason), _decision(decision)
    kind = _KINDS.get(decision)
    days = _days(kind, days)
    actor = moderator(actor)
    report = open_report(actor, report_id)
    before = report.state
    removed = _removable(report, decision, remove)
    subject = None
    if decision != Decision.DISMISS:
        if report.subject_id is None:
            raise Invalid(_("this person is not here any more: dismiss the report"), field="decision")
        subject = locked_person(report.subject_id)
        check_may_act(actor, subject)
        if removed:
            _remove(report, subject, removed)
            _impose(subject, Kind.REMOVAL, reason, actor=actor, report=report)
        if kind:
            _impose(subject, kind, reason, days=days, actor=actor, report=report)
    report.state, report.outcome = State.CLOSED, OUTCOMES[decision]
    report.decision_reason, report.decided_by, report.decided_at = reason, actor, timezone.now()
    report.save(update_fields=["state", "outcome", "decision_reason", "decided_by", "decided_at"])
    record_report("report.decide", actor, report, before, days=days, removed=removed)
    if report.reporter:
        events.report_decided(report.reporter)
    return report


@transaction.atomic
def sanction(
    *,
    actor: User,
    person: User,
    kind: Sanction.Kind | str,
    reason: str,
    days: int | None = None,
    report: Report | None = None,
) -> Sanction:
    """Warn, mute, suspend or ban somebody; without a report only those who run the server do.

    Raises `Invalid`, `NotFound` for whoever may not moderate, or `Forbidden`.
    """
    reason, kind = clean_reason(reason), _kind(kind)
    days = _days(kind, days)
    actor = moderator(actor)
    if report is None:
        _check_runs_server(actor)
    else:
        check_uninvolved(actor, report)
        if report.subject_id != person.pk:
            raise Invalid(_("this report is about somebody else"), field="report")
    person = locked_person(person.pk)
    check_may_act(actor, person)
    before = flags(person)
    made = _impose(person, kind, reason, days=days, actor=actor, report=report)
    after = {**flags(person), "kind": kind, "days": days}
    target = f"sanction:{made.id}"
    record(actor=actor, action="person.sanction", subject=person, target=target, before=before, after=after)
    return made


@transaction.atomic
def lift(*, actor: User, sanction_id: UUID, reason: str) -> Sanction:
    """End a sanction before its time, or take a warning back. What was removed stays removed.

    Raises `Invalid`, `NotFound`, `Forbidden`, or `Conflict` when it is over.
    """
    reason = clean_reason(reason)
    actor = moderator(actor)
    found = Sanction.objects.select_for_update().filter(pk=sanction_id).first()
    if found is None:
        raise NotFound(_("There is nothing here."))
    person = locked_person(found.person_id)
    check_may_act(actor, person)
    if found.is_over:
        raise Conflict(_("This is over already."))
    before = flags(person)
    end_sanction(found, person, reason, actor)
    tell(person)
    record(
        actor=actor,
        action="sanction.lift",
        subject=person,
        target=f"sanction:{found.id}",
        before=before,
        after={**flags(person), "kind": found.kind},
    )
    return found


@transaction.atomic
def set_role(*, actor: User | None, person: User, role: Role | str) -> User:
    """Say what somebody may do on this server; nobody becomes the owner, or stops to be, this way.

    `actor` is None when a provider's groups or a command say so. The same role again changes nothing.
    Raises `Invalid`, `NotFound` for whoever may not moderate, or `Forbidden`.
    """
    if role not in Role.values or role == Role.OWNER:
        raise Invalid(_("there is no such role to give"), field="role")
    if actor is not None:
        actor = moderator(actor)
        _check_runs_server(actor)
    person = locked_person(person.pk)
    check_may_act(actor, person)
    if person.role == role:
        return person
    before, person.role = person.role, Role(role)
    person.save(update_fields=["role"])
    if not person.runs_server:
        revoke_server_links(inviter=person)
    record(
        actor=actor,
        action="person.set_role",
        subject=person,
        target=f"person:{person.pk}",
        before={"role": before},
        after={"role": role},
    )
    events.access_changed(person)
    return person


@transaction.atomic
def set_active(*, actor: User | None, person: User, active: bool, reason: str) -> User:
    """Close somebody's account for good, or open it, whatever has closed it.

    Closing is a ban: the person reads `reason` and may appeal. `actor` is None when a command does it.
    Raises `Invalid`, `NotFound` for whoever may not moderate, `Forbidden`, or `Conflict` when it is so
    already.
    """
    reason = clean_reason(reason)
    if actor is not None:
        actor = moderator(actor)
        _check_runs_server(actor)
    person = locked_person(person.pk)
    check_may_act(actor, person)
    if person.is_active == active:
        raise Conflict(_("It is so already."))
    before = flags(person)
    if active:
        closing = Sanction.objects.of(person).filter(kind__in=CLOSING, lifted_at=None)
        closing.update(lifted_at=timezone.now(), lifted_by=actor, lift_reason=reason)
        settle(person, opens=True)
        tell(person)
    else:
        _impose(person, Kind.BAN, reason, actor=actor)
    record(
        actor=actor,
        action="person.open" if active else "person.close",
        subject=person,
        target=f"person:{person.pk}",
        before=before,
        after=flags(person),
    )
    return person


@transaction.atomic
def reopen(*, person: User) -> bool:
    """Open an account whose suspension has ended, for the person is trying to come in. Say if it is open."""
    person = locked_person(person.pk)
    if person.is_active:
        return True
    if not closed_by_sanction(person):
        return False
    before = flags(person)
    if not settle(person, opens=True):
        return False
    record(
        actor=None,
        action="person.reopen",
        subject=person,
        target=f"person:{person.pk}",
        before=before,
        after=flags(person),
    )
    return True


def _impose(
    person: User,
    kind: Sanction.Kind,
    reason: str,
    *,
    actor: User | None,
    days: int | None = None,
    report: Report | None = None,
) -> Sanction:
    """Put a sanction on somebody who is locked, and let it work at once."""
    now = timezone.now()
    made = Sanction.objects.create(
        person=person,
        kind=kind,
        reason=reason,
        report=report,
        moderator=actor,
        created_at=now,
        ends_at=now + timedelta(days=days) if days else None,
    )
    settle(person, opens=False)
    tell(person)
    return made


def _remove(report: Report, subject: User, sequences: Sequence[int]) -> None:
    if report.room_id is None:
        raise Invalid(_("the conversation is not here any more"), field="remove")
    remove_messages(author=subject, room_id=report.room_id, sequences=sequences)


def _check_runs_server(actor: User) -> None:
    if not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may do this."))


def _removable(report: Report, decision: Decision, remove: Sequence[int]) -> list[int]:
    """Return which messages shall go: those of the person, and only what the report shows."""
    wanted = sorted(set(remove))
    if report.kind == Report.Kind.FILTER:
        wanted = _held(report, decision)
    if decision == Decision.REMOVE and not wanted:
        raise Invalid(_("choose the messages to remove"), field="remove")
    if wanted and decision == Decision.DISMISS:
        raise Invalid(_("nothing is removed when a report is dismissed"), field="remove")
    shown = {
        message.get("sequence")
        for message in report.evidence.get("messages", ())
        if message.get("author") == str(report.subject_id)
    }
    if not shown.issuperset(wanted):
        raise Invalid(_("only messages of the person that the report shows can be removed"), field="remove")
    return wanted


def _held(report: Report, decision: Decision) -> list[int]:
    """Return the message that a filter holds: it does not stay in between, whatever is decided."""
    held = [message["sequence"] for message in report.evidence["messages"]]
    if decision != Decision.DISMISS:
        return held
    if Message.objects.filter(room=report.room_id, sequence__in=held, held=True, deleted_at=None).exists():
        raise Invalid(_("let the message through, or remove it"), field="decision")
    return []


def _decision(decision: Decision | str) -> Decision:
    try:
        return Decision(decision)
    except ValueError as error:
        raise Invalid(_("choose what to do"), field="decision") from error


def _kind(kind: Sanction.Kind | str) -> Sanction.Kind:
    if kind not in _KINDS.values():
        raise Invalid(_("choose what to do"), field="kind")
    return Kind(kind)


def _days(kind: Sanction.Kind | None, days: int | None) -> int | None:
    """Return how long it lasts: what lasts for a time needs a number of days, nothing else has one."""
    if kind not in (Kind.MUTE, Kind.SUSPENSION):
        return None
    if days is None or not 1 <= days <= DAYS_MOST:
        raise Invalid(_("say for how many days, 1 to %(most)s") % {"most": DAYS_MOST}, field="days")
    return days
