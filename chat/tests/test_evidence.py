"""What a report keeps: the picked messages and those around them, whatever becomes of them later."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import evidence
from chat.actions.contacts import block_person, unblock_person
from chat.actions.messages import delete_message, edit_message
from chat.actions.reports import about_room, report, report_message, report_person
from chat.errors import Forbidden, Invalid, NotFound
from chat.models import Membership, MessageEdit, Reason, Report, Room
from chat.tests.situations import contact_of, fill, say


def kept(report: Report) -> list[int]:
    return [message["sequence"] for message in report.evidence["messages"]]


def picked(report: Report) -> list[int]:
    return [message["sequence"] for message in report.evidence["messages"] if message["picked"]]


def report_of(reporter, room, sequence, *others) -> Report:
    made = report_message(
        reporter=reporter, room_id=room.id, sequence=sequence, context="Look", picked={*others}
    )
    return Report.objects.get(id=made.id)


@pytest.fixture
def talk(room, alice, bob):
    """Twenty messages: alice says the odd ones, bob the even ones."""
    fill(room, [bob, alice], 20)
    return room


def test_a_message_is_kept_with_those_around_it_in_order(talk, alice, bob):
    report = report_of(alice, talk, 10)

    assert (report.kind, report.subject, report.room) == (Report.Kind.MESSAGE, bob, talk)
    assert kept(report) == [7, 8, 9, 10, 11, 12, 13]
    assert picked(report) == [10]
    message = talk.messages.get(sequence=10)
    assert report.evidence["messages"][3] == {
        "sequence": 10,
        "author": str(bob.id),
        "author_name": "Bob",
        "body": "Message 10",
        "created_at": message.created_at.isoformat(),
        "edited_at": None,
        "deleted": False,
        "picked": True,
        "before": [],
    }


def test_messages_that_are_around_several_are_kept_once(talk, alice):
    report = report_of(alice, talk, 10, 12, 2, 10)

    assert kept(report) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    assert picked(report) == [2, 10, 12]


def test_what_was_edited_in_between_does_not_count_as_a_message(room, alice, bob):
    for number in range(3):
        message = say(bob, room, f"before {number}")
        edit_message(actor=bob, room_id=room.id, sequence=message.sequence, body=f"edited {number}")
    rude = say(bob, room, "rude")

    assert len(kept(report_of(alice, room, rude.sequence))) == 4


def test_changing_or_deleting_a_message_later_changes_no_evidence(talk, alice, bob):
    before = report_of(alice, talk, 10).evidence

    edit_message(actor=bob, room_id=talk.id, sequence=10, body="I was always nice")
    edit_message(actor=alice, room_id=talk.id, sequence=9, body="?")
    delete_message(actor=bob, room_id=talk.id, sequence=8)
    delete_message(actor=bob, room_id=talk.id, sequence=10)
    bob.name = "Angel"
    bob.save()

    assert Report.objects.get().evidence == before
    bob.delete()
    assert Report.objects.get().evidence == before


def test_what_a_message_said_before_is_kept_for_those_that_are_picked(talk, alice, bob):
    for words in ("first", "second", "third"):
        edit_message(actor=bob, room_id=talk.id, sequence=10, body=words)
        edit_message(actor=bob, room_id=talk.id, sequence=12, body=words)

    messages = {one["sequence"]: one for one in report_of(alice, talk, 10).evidence["messages"]}

    assert messages[10]["before"] == ["Message 10", "first", "second"]
    assert messages[10]["body"] == "third"
    assert messages[10]["edited_at"] == talk.messages.get(sequence=10).edited_at.isoformat()
    assert (messages[12]["body"], messages[12]["before"]) == ("third", [])


def test_a_deleted_message_can_be_reported_and_says_that_it_is_gone(talk, alice, bob):
    delete_message(actor=bob, room_id=talk.id, sequence=10)

    message = report_of(alice, talk, 10).evidence["messages"][3]

    assert (message["deleted"], message["body"], message["before"]) == (True, "", [])


def test_what_was_withheld_from_the_reporter_is_not_there(talk, alice, bob):
    contact = contact_of(alice, bob)
    block_person(blocker=alice, contact_id=contact.id)
    secret = say(bob, talk, "Nobody hears this")
    unblock_person(blocker=alice, person=bob)
    heard = say(bob, talk, "Hear this")

    report = report_of(alice, talk, heard.sequence)

    assert kept(report) == [18, 19, 20, heard.sequence]
    assert "Nobody hears" not in json.dumps(report.evidence)
    for take in (lambda: report_of(alice, talk, secret.sequence), lambda: report_of(alice, talk, 10, 21)):
        with pytest.raises(NotFound, match="message not found"):
            take()


def test_nobody_reports_themselves(talk, alice):
    with pytest.raises(Forbidden, match="your own message"):
        report_of(alice, talk, 9)
    assert not Report.objects.exists()


def test_only_members_report_and_only_messages_of_that_room(talk, alice, bob, mallory):
    for sequence in (10, 99):
        with pytest.raises(NotFound):
            report_of(mallory, talk, sequence)
    with pytest.raises(NotFound):
        report_of(alice, talk, 10, 99)
    assert not Report.objects.exists()


def test_how_much_is_picked_is_limited(room, alice, bob, monkeypatch):
    fill(room, [bob], 60)
    assert len(picked(report_of(alice, room, 1, *range(1, 51)))) == 50
    with pytest.raises(Invalid, match="at most 50") as refusal:
        report_of(alice, room, 1, *range(1, 52))
    assert refusal.value.field == "messages"
    monkeypatch.setattr(evidence, "SPAN_MOST", 20)
    assert picked(report_of(alice, room, 1, 20)) == [1, 20]
    with pytest.raises(Invalid, match="closer together"):
        report_of(alice, room, 1, 21)


def test_evidence_has_a_limit_and_the_picked_messages_come_first(room, alice, bob, monkeypatch):
    fill(room, [bob], 9, body="x" * 100)
    edits = [
        MessageEdit(message=room.messages.get(sequence=5), revision=number, body=str(number) * 100)
        for number in range(1, 6)
    ]
    MessageEdit.objects.bulk_create(edits)
    monkeypatch.setattr(evidence, "WORDS_MOST", 650)

    report = report_of(alice, room, 4, 5)

    assert kept(report) == [4, 5]
    assert report.evidence["messages"][1]["before"] == [str(number) * 100 for number in range(2, 6)]
    monkeypatch.setattr(evidence, "WORDINGS_MOST", 2)
    report = report_of(alice, room, 4, 5)
    assert kept(report) == [1, 2, 4, 5]
    assert len(report.evidence["messages"][3]["before"]) == 2


def test_the_most_that_can_be_picked_fits():
    assert evidence.PICKED_MOST * 4_000 <= evidence.WORDS_MOST


def test_it_takes_the_same_number_of_queries_however_much_is_picked(room, alice, bob):
    fill(room, [bob], 300)

    def queries(*sequences: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            report_of(alice, room, *sequences)
        return len(captured)

    few = queries(100)
    for sequence in range(100, 150):
        edit_message(actor=bob, room_id=room.id, sequence=sequence, body=f"edited {sequence}")

    assert queries(*range(100, 150)) == few <= 9


@pytest.mark.parametrize("reason", Reason)
def test_the_reason_says_how_urgent_it_is(talk, alice, reason):
    report = report_message(
        reporter=alice, room_id=talk.id, sequence=2, context="x", reason=reason.value, picked=()
    )

    assert (report.reason, report.urgency) == (reason, reason.urgency)


def test_the_most_urgent_come_first(talk, alice, bob):
    contact = contact_of(alice, bob)
    for reason in ("spam", "threat", "hate"):
        report_person(reporter=alice, contact_id=contact.id, context=reason, reason=reason)

    assert [report.reason for report in Report.objects.all().waiting()] == ["threat", "hate", "spam"]


def test_a_reason_that_there_is_not_is_refused(talk, alice):
    with pytest.raises(Invalid) as refusal:
        report_message(reporter=alice, room_id=talk.id, sequence=2, context="x", reason="boredom")
    assert refusal.value.field == "reason"


def test_messages_can_be_picked_when_a_contact_is_reported(talk, alice, bob):
    contact = contact_of(alice, bob)
    without = report_person(reporter=alice, contact_id=contact.id, context="x")
    with_messages = report_person(reporter=alice, contact_id=contact.id, context="x", picked=[4])

    assert (without.kind, without.evidence["messages"]) == (Report.Kind.PERSON, [])
    assert (with_messages.kind, picked(with_messages), with_messages.room) == ("message", [4], talk)


class TestRoomsOfSeveral:
    @pytest.fixture
    def several(self, alice, bob, mallory):
        room = Room.objects.create(kind=Room.Kind.GROUP, name="Everybody")
        for person in (alice, bob, mallory):
            Membership.objects.create(room=room, user=person)
        fill(room, [mallory, alice, bob], 9)
        return room

    def test_whose_messages_are_picked_is_reported(self, several, alice, mallory):
        about = about_room(alice, several.id)
        made = report(reporter=alice, about=about, context="x", picked=[1, 3, 6])

        assert about.person is None
        assert (made.subject, made.evidence["name"], picked(made)) == (mallory, "Mallory", [1, 3, 6])

    @pytest.mark.parametrize(
        ("sequences", "words"), [([], "pick a message"), ([1], "pick a message"), ([2, 3], "one person")]
    )
    def test_it_must_be_one_person(self, several, alice, sequences, words):
        with pytest.raises(Invalid, match=words) as refusal:
            report(reporter=alice, about=about_room(alice, several.id), context="x", picked=sequences)
        assert refusal.value.field == "messages"
        assert not Report.objects.exists()

    def test_the_author_of_a_message_is_reported_whatever_else_is_picked(self, several, alice, bob):
        assert report_of(alice, several, 2, 3).subject == bob
