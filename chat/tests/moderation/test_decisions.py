"""What a decision about a report does, and what it needs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import moderation
from chat.actions.moderation import Decision
from chat.errors import Invalid
from chat.models import Message, Report, Sanction
from chat.realtime.groups import room_group, user_group
from chat.tests.moderation.conftest import decide
from chat.tests.situations import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
Kind = Sanction.Kind


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


@pytest.mark.django_db(transaction=True)
def test_removing_while_the_person_posts_waits_for_no_end(mona, report, mallory, their_room):
    from chat.tests.situations import say

    works: list[Callable[[], object]] = [lambda: decide(mona, report, "mute", days=1, remove=[1, 2])]
    works += [lambda: say(mallory, their_room) for _time in range(10)]

    answers = at_once(works)

    assert isinstance(answers[0], Report), answers[0]
    assert all(isinstance(answer, Message) or answer.code == "muted" for answer in answers[1:]), answers


def test_a_report_about_somebody_who_is_gone_is_dismissed(mona, report):
    Report.objects.update(subject=None)

    with pytest.raises(Invalid):
        decide(mona, report, "ban")
    assert decide(mona, report, "dismiss").state == "closed"


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
