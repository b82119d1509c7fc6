"""Objecting to a sanction, and who decides about it."""

import uuid

import pytest

from accounts.models import User
from chat.actions import appeals, moderation
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import Appeal, Sanction
from chat.realtime.groups import user_group
from chat.tests.moderation.conftest import report_about
from chat.tests.situations import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


@pytest.fixture
def ban(mona, report, mallory) -> Sanction:
    moderation.decide(actor=mona, report_id=report.id, decision="ban", reason="Insults")
    return Sanction.objects.get()


@pytest.fixture
def appeal(ban, mallory) -> Appeal:
    return appeals.appeal(person=mallory, sanction_id=ban.id, words=" It was not me ")


def decide(actor: User, appeal: Appeal, *, grant: bool, answer: str = "Looked at it") -> Appeal:
    return appeals.decide_appeal(actor=actor, appeal_id=appeal.id, grant=grant, answer=answer)


def test_who_is_banned_appeals(appeal, ban):
    assert (appeal.words, appeal.state, appeal.sanction) == ("It was not me", "open", ban)


@pytest.mark.parametrize("words", ["", " \n ", "\u200b", "x" * 2001])
def test_words_that_cannot_be_are_refused(ban, mallory, words):
    with pytest.raises(Invalid) as refused:
        appeals.appeal(person=mallory, sanction_id=ban.id, words=words)

    assert refused.value.field == "words"


def test_nobody_appeals_twice(appeal, mona, milo, mallory, ban):
    with pytest.raises(Conflict):
        appeals.appeal(person=mallory, sanction_id=ban.id, words="Again")
    decide(milo, appeal, grant=False)
    with pytest.raises(Conflict):
        appeals.appeal(person=mallory, sanction_id=ban.id, words="Again")


@pytest.mark.django_db(transaction=True)
def test_nobody_appeals_twice_at_once(ban, mallory):
    works = [lambda: appeals.appeal(person=mallory, sanction_id=ban.id, words="Not me")] * 4

    answers = at_once(works)

    assert sorted(type(answer).__name__ for answer in answers) == ["Appeal", *["Conflict"] * 3]


def test_nobody_appeals_for_another_or_against_nothing(ban, bob, mallory):
    for person, sanction_id in ((bob, ban.id), (mallory, uuid.uuid4())):
        with pytest.raises(NotFound):
            appeals.appeal(person=person, sanction_id=sanction_id, words="Not me")


def test_what_is_over_needs_no_appeal(ban, milo, mallory):
    moderation.lift(actor=milo, sanction_id=ban.id, reason="Mercy")

    with pytest.raises(Conflict):
        appeals.appeal(person=mallory, sanction_id=ban.id, words="Not me")


def test_granting_ends_the_sanction(appeal, milo, mallory, ban):
    done = decide(milo, appeal, grant=True, answer="You are right")

    assert (done.state, done.answer, done.decided_by) == ("granted", "You are right", milo)
    ban.refresh_from_db()
    mallory.refresh_from_db()
    assert (ban.is_over, ban.lifted_by, mallory.is_active) == (True, milo, True)


def test_upholding_changes_nothing_else(appeal, milo, mallory, ban):
    assert decide(milo, appeal, grant=False).state == "upheld"

    ban.refresh_from_db()
    mallory.refresh_from_db()
    assert (ban.is_over, mallory.is_active) == (False, False)


def test_granting_what_was_lifted_meanwhile_is_an_answer(appeal, milo, ban):
    moderation.lift(actor=milo, sanction_id=ban.id, reason="Mercy")

    assert decide(milo, appeal, grant=True).state == "granted"
    ban.refresh_from_db()
    assert ban.lift_reason == "Mercy"


def test_what_was_removed_stays_removed(mona, milo, report, mallory, their_room):
    moderation.decide(actor=mona, report_id=report.id, decision="remove", reason="Insults", remove=[2])
    removal = Sanction.objects.get()
    made = appeals.appeal(person=mallory, sanction_id=removal.id, words="It was a joke")

    decide(milo, made, grant=True)

    removal.refresh_from_db()
    assert removal.is_over
    assert their_room.messages.get(sequence=2).deleted_at


def test_another_moderator_decides(appeal, mona, milo, ada):
    with pytest.raises(Forbidden):
        decide(mona, appeal, grant=True)

    decide(milo, appeal, grant=False)


@pytest.mark.parametrize("role", ["moderator", "admin", "owner"])
def test_whoever_appeals_or_reported_does_not_decide(appeal, milo, mallory, bob, role):
    User.objects.filter(pk=bob.pk).update(role=role)
    with pytest.raises(Forbidden):
        decide(bob, appeal, grant=False)
    User.objects.filter(pk=bob.pk).update(role="member")
    User.objects.filter(pk=mallory.pk).update(role=role, is_active=True)
    with pytest.raises(Forbidden):
        decide(mallory, appeal, grant=True)


def test_where_nobody_else_could_whoever_sanctioned_decides(alice, bob, mallory):
    """A server with one owner and no other moderators: else nobody would ever answer."""
    report = report_about(mallory, by=bob)
    moderation.decide(actor=alice, report_id=report.id, decision="ban", reason="Insults")
    made = appeals.appeal(person=mallory, sanction_id=Sanction.objects.get().id, words="Not me")
    moderator = User.objects.create_user("moe@example.com", name="Moe", role="moderator")
    with pytest.raises(Forbidden):
        decide(alice, made, grant=True)

    User.objects.filter(pk=moderator.pk).update(is_active=False)
    assert decide(alice, made, grant=True).state == "granted"


def test_about_a_moderator_only_who_runs_the_server_decides(alice, ada, mona, milo):
    warning = moderation.sanction(actor=ada, person=milo, kind="warning", reason="Too harsh")
    made = appeals.appeal(person=milo, sanction_id=warning.id, words="I was not")

    for nobody in (mona, ada, milo):
        with pytest.raises(Forbidden):
            decide(nobody, made, grant=True)
    decide(alice, made, grant=True)


def test_members_find_no_appeals(appeal, bob):
    with pytest.raises(NotFound):
        decide(bob, appeal, grant=True)
    with pytest.raises(NotFound):
        appeals.decide_appeal(actor=bob, appeal_id=uuid.uuid4(), grant=True, answer="Yes")


def test_an_answer_is_needed(appeal, milo):
    with pytest.raises(Invalid) as refused:
        decide(milo, appeal, grant=True, answer=" ")

    assert refused.value.field == "answer"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_decides(appeal, milo, ada, mallory, published):
    published.clear()

    answers = at_once(
        [lambda: decide(milo, appeal, grant=True), lambda: decide(ada, appeal, grant=False)],
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Appeal", "Conflict"]
    [done] = [answer for answer in answers if isinstance(answer, Appeal)]
    assert Appeal.objects.get().decided_by == done.decided_by
    assert (user_group(mallory.id), {"name": "standing.changed"}) in published
