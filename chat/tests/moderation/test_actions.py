"""What moderators do with reports and people, and who may not."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.people import make_user
from chat.actions import moderation
from chat.actions.moderation import Decision
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import Invitation, Message, Report, Sanction
from chat.realtime.groups import room_group, user_group
from chat.tests.moderation.conftest import report_about
from chat.tests.situations import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
Kind = Sanction.Kind


def decide(actor, report, decision, reason="Insults", **fields):
    return moderation.decide(actor=actor, report_id=report.id, decision=decision, reason=reason, **fields)


@pytest.mark.parametrize(
    ("decision", "fields", "outcome", "kinds"),
    [
        (Decision.DISMISS, {}, "dismissed", []),
        (Decision.WARN, {}, "warned", [Kind.WARNING]),
        (Decision.MUTE, {"days": 3}, "muted", [Kind.MUTE]),
        (Decision.SUSPEND, {"days": 3}, "suspended", [Kind.SUSPENSION]),
        (Decision.BAN, {}, "banned", [Kind.BAN]),
        (Decision.REMOVE, {"remove": [2]}, "removed", [Kind.REMOVAL]),
        (Decision.WARN, {"remove": [1, 2]}, "warned", [Kind.REMOVAL, Kind.WARNING]),
    ],
)
def test_a_decision_closes_the_report_and_is_carried_out(
    mona, report, mallory, decision, fields, outcome, kinds
):
    decide(mona, report, decision, **fields)

    report.refresh_from_db()
    assert (report.state, report.outcome, report.decision_reason) == ("closed", outcome, "Insults")
    assert (report.decided_by, report.decided_at is not None) == (mona, True)
    made = Sanction.objects.of(mallory).order_by("created_at")
    assert sorted(each.kind for each in made) == sorted(kinds)
    assert {(each.reason, each.moderator, each.report) for each in made} <= {("Insults", mona, report)}
    mallory.refresh_from_db()
    assert mallory.is_active == (decision not in (Decision.BAN, Decision.SUSPEND))
    assert (mallory.muted_until is not None) == (decision == Decision.MUTE)


@pytest.mark.parametrize(("decision", "kind"), [("mute", Kind.MUTE), ("suspend", Kind.SUSPENSION)])
def test_muting_and_suspending_last_for_the_days(mona, report, mallory, decision, kind):
    decide(mona, report, decision, days=2)

    ends = Sanction.objects.get(person=mallory, kind=kind).ends_at
    assert abs(ends - timezone.now() - timedelta(days=2)) < timedelta(minutes=1)


@pytest.mark.parametrize("days", [None, 0, -1, 366])
@pytest.mark.parametrize("decision", ["mute", "suspend"])
def test_what_lasts_needs_its_days(mona, report, decision, days):
    with pytest.raises(Invalid) as refused:
        decide(mona, report, decision, days=days)

    assert refused.value.field == "days"
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_a_decision_needs_a_reason(mona, report, reason):
    with pytest.raises(Invalid) as refused:
        decide(mona, report, "ban", reason=reason)

    assert refused.value.field == "reason"


def test_an_unknown_decision_is_refused(mona, report):
    with pytest.raises(Invalid) as refused:
        decide(mona, report, "hang")

    assert refused.value.field == "decision"


def test_removing_leaves_tombstones_and_tells_the_room(mona, report, their_room, published):
    before = their_room.revision
    published.clear()

    decide(mona, report, "warn", remove=[1, 2, 2])

    their_room.refresh_from_db()
    gone = list(their_room.messages.exclude(deleted_at=None).order_by("sequence"))
    assert [(message.sequence, message.body, message.body_html) for message in gone] == [
        (1, "", ""),
        (2, "", ""),
    ]
    assert [message.revision for message in gone] == [5, 6]
    assert (before, their_room.revision) == (0, 6)


@pytest.mark.django_db(transaction=True)
def test_removing_is_heard_in_the_room(mona, report, their_room, published):
    published.clear()

    decide(mona, report, "remove", remove=[2])

    told = [event for group, event in published if group == room_group(their_room.id)]
    assert [(event["name"], event["message"]["sequence"]) for event in told] == [("message.deleted", 2)]


@pytest.mark.parametrize(
    ("decision", "remove"), [("remove", []), ("remove", [3]), ("warn", [4]), ("warn", [99]), ("dismiss", [2])]
)
def test_only_messages_of_the_person_that_the_report_shows_are_removed(mona, report, decision, remove):
    with pytest.raises(Invalid) as refused:
        decide(mona, report, decision, remove=remove)

    assert refused.value.field == "remove"
    assert not Message.objects.exclude(deleted_at=None).exists()


def test_evidence_that_lies_about_an_author_removes_nothing_of_others(mona, report, mallory):
    report.evidence["messages"][2]["author"] = str(mallory.id)
    report.save()

    decide(mona, report, "remove", remove=[3])

    assert not Message.objects.exclude(deleted_at=None).exists()


def test_nobody_decides_twice(mona, milo, report):
    decide(mona, report, "warn")

    for again in (mona, milo):
        with pytest.raises(Conflict, match="meanwhile"):
            decide(again, report, "ban")
    assert Sanction.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_acts(mona, milo, report, mallory):
    for _time in range(5):
        each = report_about(mallory, by=report.reporter)
        answers = at_once([lambda who=who, r=each: decide(who, r, "warn") for who in (mona, milo)])

        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Report"]
        assert Sanction.objects.filter(report=each).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_it_at_the_same_moment_one_has_it(mona, milo, report):
    for _time in range(5):
        Report.objects.update(state="open", taken_by=None, taken_at=None)
        works = [
            lambda who=who: moderation.take_report(actor=who, report_id=report.id) for who in (mona, milo)
        ]
        answers = at_once(works)

        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Report"]
        [taken] = [answer for answer in answers if isinstance(answer, Report)]
        assert Report.objects.get().taken_by_id == taken.taken_by_id


@pytest.mark.django_db(transaction=True)
def test_removing_while_the_person_posts_waits_for_no_end(mona, report, mallory, their_room):
    from chat.tests.situations import say

    works = [lambda: decide(mona, report, "mute", days=1, remove=[1, 2])]
    works += [lambda: say(mallory, their_room) for _time in range(10)]

    answers = at_once(works)

    assert isinstance(answers[0], Report), answers[0]
    assert all(isinstance(answer, Message) or answer.code == "muted" for answer in answers[1:]), answers


def test_a_report_that_is_taken_is_decided_by_who_took_it(mona, milo, ada, report):
    moderation.take_report(actor=mona, report_id=report.id)

    for deed in (moderation.take_report, moderation.release_report):
        with pytest.raises(Conflict, match="Mona"):
            deed(actor=milo, report_id=report.id)
    with pytest.raises(Conflict, match="Mona"):
        decide(milo, report, "warn")
    assert moderation.take_report(actor=ada, report_id=report.id).taken_by == ada


def test_a_report_that_was_forgotten_can_be_taken_over(mona, milo, report):
    moderation.take_report(actor=mona, report_id=report.id)
    Report.objects.update(taken_at=timezone.now() - timedelta(hours=2))

    assert moderation.take_report(actor=milo, report_id=report.id).taken_by == milo


def test_a_report_is_given_back(mona, milo, report):
    moderation.take_report(actor=mona, report_id=report.id)
    moderation.release_report(actor=mona, report_id=report.id)

    report.refresh_from_db()
    assert (report.state, report.taken_by, report.taken_at) == ("open", None, None)
    decide(milo, report, "dismiss")


DEEDS = {
    "take": lambda actor, report: moderation.take_report(actor=actor, report_id=report.id),
    "release": lambda actor, report: moderation.release_report(actor=actor, report_id=report.id),
    "dismiss": lambda actor, report: decide(actor, report, "dismiss"),
    "ban": lambda actor, report: decide(actor, report, "ban"),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_members_find_no_reports(deed, bob, report, alice):
    for nobody in (bob, report.subject):
        with pytest.raises(NotFound):
            deed(nobody, report)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_whoever_lost_the_role_or_the_account_meanwhile_finds_none(deed, mona, milo, report):
    type(mona).objects.filter(pk=mona.pk).update(role="member")
    type(milo).objects.filter(pk=milo.pk).update(is_active=False)

    for stale in (mona, milo):
        with pytest.raises(NotFound):
            deed(stale, report)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("role", ["moderator", "admin", "owner"])
def test_whoever_is_part_of_a_report_keeps_out_of_it(deed, role, bob, mallory, report, ada):
    for person in (bob, mallory):
        type(person).objects.exclude(pk=ada.pk).update(role="member")
        type(person).objects.filter(pk=person.pk).update(role=role)
        with pytest.raises(Forbidden):
            deed(person, report)
    report.refresh_from_db()
    assert report.state == "open"


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_moderators_decide_nothing_about_each_other(deed, mona, milo, ada, bob):
    report = report_about(milo, by=bob)

    with pytest.raises(Forbidden):
        deed(mona, report)
    deed(ada, report)


def test_whoever_runs_a_server_alone_decides_what_they_reported(alice, mallory):
    mine = report_about(mallory, by=alice)
    other = report_about(mallory, by=alice)

    assert decide(alice, mine, "warn").outcome == "warned"
    make_user("Milo", role="moderator")

    with pytest.raises(Forbidden, match="part of this"):
        decide(alice, other, "warn")


def test_nobody_acts_against_the_owner(alice, ada, bob):
    report = report_about(alice, by=bob)

    with pytest.raises(Forbidden):
        decide(ada, report, "warn")
    with pytest.raises(Forbidden):
        moderation.sanction(actor=ada, person=alice, kind="ban", reason="Coup")
    for actor in (ada, None):
        with pytest.raises(Forbidden):
            moderation.set_role(actor=actor, person=alice, role="member")
        with pytest.raises(Forbidden):
            moderation.set_active(actor=actor, person=alice, active=False, reason="Coup")
    decide(ada, report, "dismiss")


def test_nobody_acts_against_themselves(ada):
    with pytest.raises(Forbidden):
        moderation.set_role(actor=ada, person=ada, role="member")
    with pytest.raises(Forbidden):
        moderation.set_active(actor=ada, person=ada, active=False, reason="Bye")
    with pytest.raises(Forbidden):
        moderation.sanction(actor=ada, person=ada, kind="warning", reason="Bad")


def test_a_report_about_somebody_who_is_gone_is_dismissed(mona, report):
    Report.objects.update(subject=None)

    with pytest.raises(Invalid):
        decide(mona, report, "ban")
    assert decide(mona, report, "dismiss").state == "closed"


def test_a_report_that_does_not_exist_is_not_found(mona):
    with pytest.raises(NotFound):
        moderation.take_report(actor=mona, report_id=uuid.uuid4())


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


@pytest.mark.django_db(transaction=True)
def test_whom_it_concerns_is_told(mona, ada, report, bob, mallory, published):
    published.clear()
    decide(mona, report, "ban")

    told = [(group, event["name"]) for group, event in published]
    assert (user_group(bob.id), "report.decided") in told
    assert (user_group(mallory.id), "access.ended") in told

    published.clear()
    moderation.set_role(actor=ada, person=bob, role="moderator")
    assert published == [(user_group(bob.id), {"name": "access.changed", "role": "moderator"})]
