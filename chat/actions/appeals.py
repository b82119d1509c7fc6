"""What people say to a sanction against them, and how somebody else decides about it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.audit import record
from chat.actions.standing import (
    check_may_act,
    clean_reason,
    end_sanction,
    locked_person,
    may_judge,
    moderator,
    tell,
)
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import Appeal, Sanction
from chat.models.sanction import REASON_MOST
from chat.text import tidy


@transaction.atomic
def appeal(*, person: User, sanction_id: UUID, words: str) -> Appeal:
    """Object to a sanction against oneself, once. Those whose account is closed may, too.

    Raises `Invalid`, `NotFound`, or `Conflict` when it is over or was appealed before.
    """
    text = tidy(words)
    if not text:
        raise Invalid(_("say why it should be looked at again"), field="words")
    if len(text) > REASON_MOST:
        raise Invalid(_("at most %(most)s characters") % {"most": REASON_MOST}, field="words")
    sanction = Sanction.objects.select_for_update().filter(person=person, pk=sanction_id).first()
    if sanction is None:
        raise NotFound(_("There is nothing here."))
    if Appeal.objects.filter(sanction=sanction).exists():
        raise Conflict(_("You have asked for this to be looked at already."))
    if sanction.is_over:
        raise Conflict(_("This is over already."))
    made = Appeal.objects.create(sanction=sanction, words=text)
    record(
        actor=person,
        action="appeal.make",
        subject=person,
        target=f"appeal:{made.pk}",
        after={"state": made.state, "kind": sanction.kind},
    )
    return made


@transaction.atomic
def decide_appeal(*, actor: User, appeal_id: UUID, grant: bool, answer: str) -> Appeal:
    """Decide an appeal; granting ends the sanction, though removed messages stay removed.

    Raises `Invalid`, `NotFound`, `Conflict` when it was decided meanwhile, or `Forbidden`: to the person, to
    whoever may not act against them, and to whoever imposed the sanction or made the report, unless nobody
    else could decide.
    """
    answer = clean_reason(answer, field="answer")
    actor = moderator(actor)
    found = Appeal.objects.select_for_update().filter(pk=appeal_id).first()
    if found is None:
        raise NotFound(_("There is no such appeal."))
    if found.state != Appeal.State.OPEN:
        raise Conflict(_("This appeal was decided meanwhile."))
    sanction = (
        Sanction.objects.select_for_update(of=("self",))
        .select_related("report", "person")
        .get(pk=found.sanction_id)
    )
    person = locked_person(sanction.person_id)
    check_may_act(actor, person)
    if not may_judge(actor, sanction):
        raise Forbidden(_("You had a part in this: another moderator has to decide."))
    found.state = Appeal.State.GRANTED if grant else Appeal.State.UPHELD
    found.answer, found.decided_by, found.decided_at = answer, actor, timezone.now()
    found.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    if grant and not sanction.is_over:
        end_sanction(sanction, person, answer, actor)
    record(
        actor=actor,
        action="appeal.decide",
        subject=person,
        target=f"appeal:{found.pk}",
        before={"state": Appeal.State.OPEN},
        after={"state": found.state, "kind": sanction.kind},
    )
    tell(person)
    return found
