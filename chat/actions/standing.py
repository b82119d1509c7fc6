"""What somebody may do follows from the sanctions that are in force."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions import revoke_server_links
from accounts.devices import end_devices
from accounts.models import Role, User
from chat import events
from chat.errors import Forbidden, Invalid, NotFound
from chat.models import Sanction
from chat.models.sanction import REASON_MOST
from chat.muting import is_muted

Kind = Sanction.Kind
CLOSING: Collection[str] = (Kind.SUSPENSION, Kind.BAN)


def moderator(actor: User) -> User:
    """Return who acts as they are now. Raises `NotFound` for whoever may not moderate."""
    now = User.objects.filter(pk=actor.pk, is_active=True).exclude(role=Role.MEMBER).first()
    if now is None:
        raise NotFound(_("There is nothing here."))
    return now


def locked_person(person_id: UUID) -> User:
    """Lock a person until the transaction ends, so that measures against them come one by one.

    Not their key: whoever posts holds a room and needs it, while a removal wants that room.
    Raises `NotFound`.
    """
    person = User.objects.select_for_update(no_key=True).filter(pk=person_id).first()
    if person is None:
        raise NotFound(_("This person is not here any more."))
    return person


def check_may_act(actor: User | None, person: User) -> None:
    """Raise `Forbidden` when `actor`, or a command, may not touch `person`, whatever it is about."""
    if person.role == Role.OWNER:
        raise Forbidden(_("Nobody acts against the owner."))
    if actor is None:
        return
    if actor.pk == person.pk:
        raise Forbidden(_("This is about yourself: somebody else has to do it."))
    if person.is_staff and not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may act against moderators."))


def may_judge(actor: User, sanction: Sanction) -> bool:
    """Say whether `actor` may decide an appeal: they had no part in the sanction, or nobody else could."""
    person, report = sanction.person, sanction.report
    involved = {sanction.moderator_id, report.reporter_id if report else None} - {None}
    if actor.pk not in involved:
        return True
    able = [Role.OWNER, Role.ADMIN] if person.is_staff else [Role.OWNER, Role.ADMIN, Role.MODERATOR]
    others = User.objects.filter(is_active=True, role__in=able).exclude(pk__in=[*involved, person.pk])
    return not others.exists()


def clean_reason(reason: str, *, field: str = "reason") -> str:
    """Return a reason without blanks around it. Raises `Invalid` without one."""
    text = reason.strip()
    if not text:
        raise Invalid(_("say why: the person will read it"), field=field)
    if len(text) > REASON_MOST:
        raise Invalid(_("at most %(most)s characters") % {"most": REASON_MOST}, field=field)
    return text


def flags(person: User) -> dict[str, Any]:
    """What the audit log says of somebody's standing."""
    return {"active": person.is_active, "muted": is_muted(person.muted_until)}


def closed_by_sanction(person: User) -> bool:
    """Say whether a suspension or a ban has closed the account, be it over or not; not somebody by hand."""
    return Sanction.objects.of(person).filter(kind__in=CLOSING, lifted_at=None).exists()


def settle(person: User, *, opens: bool) -> bool:
    """Let what somebody may do follow from their sanctions; say if the account is open.

    The person is locked. `opens`: an account that no sanction closes any more is opened. Without it a closed
    account stays closed, whoever closed it.
    """
    sanctions, was_active = Sanction.objects.of(person), person.is_active
    over = sanctions.filter(kind__in=Sanction.LASTING, lifted_at=None, ends_at__lte=timezone.now())
    over.update(lifted_at=F("ends_at"))
    in_force = list(sanctions.in_force())
    closed = any(sanction.kind in CLOSING for sanction in in_force)
    ends = [sanction.ends_at for sanction in in_force if sanction.kind == Kind.MUTE and sanction.ends_at]
    person.muted_until = max(ends, default=None)
    person.is_active = not closed and (was_active or opens)
    person.save(update_fields=["muted_until", "is_active"])
    if was_active and not person.is_active:
        revoke_server_links(inviter=person)
        end_devices(person=person)
        events.account_closed(person)
    return person.is_active


def tell(person: User) -> None:
    """Let pages say that moderators have written to somebody, until they have read it."""
    person.has_notice = True
    person.save(update_fields=["has_notice"])
    events.standing_changed(person)


def note_read(person: User) -> None:
    """Note that somebody has read what moderators wrote to them."""
    with transaction.atomic():
        Sanction.objects.of(person).filter(seen_at=None).update(seen_at=timezone.now())
        User.objects.filter(pk=person.pk).update(has_notice=False)


def end_sanction(sanction: Sanction, person: User, reason: str, actor: User | None) -> None:
    """End a sanction before its time; both it and the person are locked."""
    sanction.lifted_at, sanction.lifted_by, sanction.lift_reason = timezone.now(), actor, reason
    sanction.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    settle(person, opens=sanction.kind in CLOSING)
