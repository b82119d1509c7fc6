"""Who may take and decide a report: one moderator, once, who is no part of it."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.people import make_user
from chat.actions import moderation
from chat.errors import Conflict, Forbidden, NotFound
from chat.models import Report, Sanction
from chat.tests.moderation.conftest import decide, report_about
from chat.tests.situations import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


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


def test_a_report_that_does_not_exist_is_not_found(mona):
    with pytest.raises(NotFound):
        moderation.take_report(actor=mona, report_id=uuid.uuid4())
