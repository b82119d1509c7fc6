"""Sanctions, roles and accounts: what is imposed, lifted, given and taken, and by whom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import moderation
from chat.errors import Conflict, Forbidden, Invalid
from chat.models import Invitation, Sanction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
Kind = Sanction.Kind


def test_nobody_acts_against_themselves(ada):
    with pytest.raises(Forbidden):
        moderation.set_role(actor=ada, person=ada, role="member")
    with pytest.raises(Forbidden):
        moderation.set_active(actor=ada, person=ada, active=False, reason="Bye")
    with pytest.raises(Forbidden):
        moderation.sanction(actor=ada, person=ada, kind="warning", reason="Bad")


def test_only_who_runs_the_server_acts_without_a_report(mona, ada, mallory, report):
    with pytest.raises(Forbidden):
        moderation.sanction(actor=mona, person=mallory, kind="warning", reason="Hm")

    assert moderation.sanction(actor=ada, person=mallory, kind="warning", reason="Hm").report is None
    with_report = {"person": mallory, "kind": "mute", "reason": "Hm", "days": 1, "report": report}
    assert moderation.sanction(actor=mona, **with_report).report == report


def test_a_report_about_another_is_no_reason(mona, bob, report):
    with pytest.raises(Invalid):
        moderation.sanction(actor=mona, person=bob, kind="ban", reason="Hm", report=report)


@pytest.mark.parametrize("kind", ["removal", "", "death"])
def test_only_what_can_be_imposed_is(ada, mallory, kind):
    with pytest.raises(Invalid):
        moderation.sanction(actor=ada, person=mallory, kind=kind, reason="Hm")


def impose(actor, person, kind, days=None):
    return moderation.sanction(actor=actor, person=person, kind=kind, reason="Hm", days=days)


def test_lifting_one_leaves_what_the_others_say(ada, mallory):
    mutes = [impose(ada, mallory, "mute", days) for days in (5, 2)]
    closing = [impose(ada, mallory, "suspension", 7), impose(ada, mallory, "ban")]

    for lifted, muted_days, active in (
        (mutes[0], 2, False),
        (closing[0], 2, False),
        (mutes[1], None, False),
        (closing[1], None, True),
    ):
        moderation.lift(actor=ada, sanction_id=lifted.id, reason="Mercy")
        mallory.refresh_from_db()
        assert mallory.is_active == active
        if muted_days is None:
            assert mallory.muted_until is None
        else:
            left = mallory.muted_until - timezone.now()
            assert timedelta(days=muted_days - 1) < left <= timedelta(days=muted_days)


def test_a_shorter_mute_ends_no_longer_one(ada, mallory):
    impose(ada, mallory, "mute", 30)
    impose(ada, mallory, "mute", 1)

    mallory.refresh_from_db()
    assert mallory.muted_until > timezone.now() + timedelta(days=29)


def test_lifting_is_remembered_and_done_once(ada, mona, mallory):
    ban = impose(ada, mallory, "ban")

    moderation.lift(actor=mona, sanction_id=ban.id, reason=" Mercy ")

    ban.refresh_from_db()
    assert (ban.lifted_by, ban.lift_reason, ban.is_over) == (mona, "Mercy", True)
    with pytest.raises(Conflict):
        moderation.lift(actor=ada, sanction_id=ban.id, reason="Mercy")


def test_lifting_something_else_opens_no_account_that_was_closed_by_hand(ada, mallory):
    warning = impose(ada, mallory, "warning")
    type(mallory).objects.filter(pk=mallory.pk).update(is_active=False)

    moderation.lift(actor=ada, sanction_id=warning.id, reason="Mercy")
    impose(ada, mallory, "mute", 1)

    mallory.refresh_from_db()
    assert not mallory.is_active


def test_moderators_lift_nothing_of_each_other(ada, mona, milo):
    mute = impose(ada, milo, "mute", 1)

    for actor in (mona, milo):
        with pytest.raises(Forbidden):
            moderation.lift(actor=actor, sanction_id=mute.id, reason="Mercy")


def test_roles_are_given_and_taken(ada, mallory, mona):
    assert moderation.set_role(actor=ada, person=mallory, role="moderator").role == "moderator"
    assert moderation.set_role(actor=None, person=mallory, role="member").role == "member"
    mallory.refresh_from_db()
    assert mallory.role == "member"
    with pytest.raises(Forbidden):
        moderation.set_role(actor=mona, person=mallory, role="moderator")
    for role in ("owner", "king"):
        with pytest.raises(Invalid):
            moderation.set_role(actor=ada, person=mallory, role=role)


def test_links_of_the_server_end_with_the_role_and_the_account(alice, ada):
    other = type(ada).objects.create_user("eve@example.com", name="Eve", role="admin")
    for person in (ada, other):
        Invitation.objects.create(inviter=person)

    moderation.set_role(actor=alice, person=ada, role="moderator")
    moderation.set_active(actor=alice, person=other, active=False, reason="Left")

    assert not Invitation.objects.filter(expires_at__gt=timezone.now()).exists()


def test_an_account_is_closed_and_opened(ada, mallory):
    moderation.set_active(actor=ada, person=mallory, active=False, reason="Left us")

    ban = Sanction.objects.get(person=mallory)
    assert (ban.kind, ban.reason) == (Kind.BAN, "Left us")
    with pytest.raises(Conflict):
        moderation.set_active(actor=ada, person=mallory, active=False, reason="Left us")
    moderation.set_active(actor=ada, person=mallory, active=True, reason="Came back")
    mallory.refresh_from_db()
    ban.refresh_from_db()
    assert (mallory.is_active, ban.is_over, ban.lift_reason) == (True, True, "Came back")


def test_opening_ends_whatever_closed_it(ada, mona, mallory):
    impose(ada, mallory, "suspension", 3)
    impose(ada, mallory, "ban")
    mute = impose(ada, mallory, "mute", 3)
    with pytest.raises(Forbidden):
        moderation.set_active(actor=mona, person=mallory, active=True, reason="Mercy")

    moderation.set_active(actor=None, person=mallory, active=True, reason="Mercy")

    mallory.refresh_from_db()
    assert (mallory.is_active, mallory.muted_until) == (True, mute.ends_at)
