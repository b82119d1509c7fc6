"""What a filter holds is seen by its author alone, until a moderator has looked at it (MO6)."""

import pytest

from accounts.tests.people import make_user
from chat import filters
from chat.actions.contacts import block_person
from chat.actions.filters import reject_message, release_message
from chat.actions.messages import delete_message, edit_message
from chat.actions.moderation import Decision, decide
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import AuditEntry, Filter, Message, Report, Sanction
from chat.realtime.groups import room_group, user_group
from chat.sidebar import room_of
from chat.tests.situations import JSON, at_once, client_of, contact_of, row_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def looking(db):
    before, filters.EVERY = filters.EVERY, -1.0
    filters.known.due = 0.0
    yield
    filters.EVERY = before
    filters.known.due = float("inf")
    filters.known.filters = None


@pytest.fixture
def moderator(db):
    return make_user("Mona", role="moderator")


@pytest.fixture
def held(alice, room):
    """A message of alice that is held, after one that is not."""
    say(alice, room, "First")
    Filter.objects.create(pattern="darn", action="hold")
    return say(alice, room, "Darn it")


def report_of() -> Report:
    return Report.objects.get(kind="filter")


def shown(person, room) -> list[str]:
    answer = client_of(person).get(f"/rooms/{room.id}/messages/", **JSON)
    return [message["body"] for message in answer.json()["messages"]]


def page_of(person, room) -> str:
    return client_of(person).get(f"/rooms/{room.id}/").content.decode()


def test_only_its_author_sees_it_and_that_it_waits(alice, bob, room, held):
    assert shown(alice, room) == ["First", "Darn it"]
    assert shown(bob, room) == ["First"]
    assert "Waiting for review" in page_of(alice, room)
    assert "Darn" not in page_of(bob, room)
    assert row_of(alice, room).preview == "You: Darn it"
    assert (row_of(bob, room).preview, row_of(bob, room).unread) == ("First", 1)
    assert held.sequence == 2


def test_it_is_told_to_its_author_alone(alice, room, published, django_capture_on_commit_callbacks):
    Filter.objects.create(pattern="darn", action="hold")
    with django_capture_on_commit_callbacks(execute=True):
        say(alice, room, "darn")
    assert [group for group, _event in published] == [user_group(alice.id)]
    assert "Waiting for review" in published[0][1]["html"]
    assert published[0][1]["message"]["held"] is True


def test_moderators_get_the_message_and_nothing_around_it(alice, room, held):
    report = report_of()
    assert (report.subject, report.room, report.reporter, report.state) == (alice, room, None, "open")
    assert report.evidence["filter"] == {"pattern": "darn", "action": "hold"}
    [message] = report.evidence["messages"]
    assert (message["body"], message["sequence"], message["author"]) == ("Darn it", 2, str(alice.id))


def test_sending_it_again_makes_no_second_one(alice, room, held):
    again = say(alice, room, "Darn it", client_id=held.client_id)
    assert again.pk == held.pk
    assert Report.objects.count() == 1


def test_a_released_message_comes_to_everybody(
    alice, bob, room, held, moderator, published, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        report = release_message(actor=moderator, report_id=report_of().id, reason="Harmless")
    assert (report.state, report.outcome, report.decided_by) == ("closed", "released", moderator)
    assert shown(alice, room) == shown(bob, room) == ["First", "Darn it"]
    assert "Waiting for review" not in page_of(alice, room)
    assert row_of(bob, room).preview == "Darn it"
    held.refresh_from_db()
    room.refresh_from_db()
    assert (held.sequence, held.revision, room.revision) == (2, 3, 3)
    [(group, event)] = [told for told in published if told[1]["name"] == "message.created"]
    assert group == room_group(room.id)
    assert (event["revision"], event["message"]["held"]) == (3, False)
    since = client_of(bob).get(f"/rooms/{room.id}/messages/?since=2", **JSON).json()
    assert [message["body"] for message in since["messages"]] == ["Darn it"]
    entry = AuditEntry.objects.get(action="report.release_message")
    assert (entry.actor, entry.subject) == (moderator.pseudonym, alice.pseudonym)
    assert "Darn" not in str([entry.before, entry.after, entry.target])


def test_a_release_does_not_turn_the_list_of_rooms_back(alice, bob, room, held, moderator):
    say(bob, room, "Later")
    release_message(actor=moderator, report_id=report_of().id, reason="Harmless")
    assert shown(bob, room) == ["First", "Darn it", "Later"]
    assert row_of(alice, room).preview == "Later"


def test_a_rejected_message_is_gone_and_its_author_reads_why(alice, bob, room, held, moderator):
    report = reject_message(actor=moderator, report_id=report_of().id, reason="No swearing")
    assert (report.state, report.outcome) == ("closed", "removed")
    assert shown(bob, room) == ["First"]
    held.refresh_from_db()
    assert (held.body, held.deleted_at is None) == ("", False)
    sanction = Sanction.objects.get(person=alice)
    assert (sanction.kind, sanction.reason) == ("removal", "No swearing")
    assert "Waiting for review" not in page_of(alice, room)


@pytest.mark.parametrize("act", [release_message, reject_message])
def test_who_may_decide(alice, bob, room, held, act):
    report = report_of()
    for person in (alice, bob):
        with pytest.raises(NotFound):
            act(actor=person, report_id=report.id, reason="x")
    alice.role = "moderator"
    alice.save()
    with pytest.raises(Forbidden):
        act(actor=alice, report_id=report.id, reason="My own")
    assert report_of().state == "open"
    held.refresh_from_db()
    assert held.held


@pytest.mark.parametrize("act", [release_message, reject_message])
def test_a_reason_is_needed_and_one_decision_enough(room, held, moderator, act):
    report = report_of()
    with pytest.raises(Invalid):
        act(actor=moderator, report_id=report.id, reason="  ")
    act(actor=moderator, report_id=report.id, reason="Done")
    for again in (release_message, reject_message):
        with pytest.raises(Conflict):
            again(actor=moderator, report_id=report.id, reason="Again")
    assert AuditEntry.objects.filter(target=f"report:{report.id}").count() == 1


def test_other_reports_are_none_of_these(alice, bob, moderator):
    report = Report.objects.create(kind="person", reporter=alice, subject=bob, evidence={"messages": []})
    for act in (release_message, reject_message):
        with pytest.raises(Invalid):
            act(actor=moderator, report_id=report.id, reason="x")


@pytest.mark.django_db(transaction=True)
def test_of_two_moderators_at_once_exactly_one_acts(alice, bob, room, held, moderator):
    other = make_user("Max", role="moderator")
    report = report_of()
    outcomes = at_once(
        [
            lambda: release_message(actor=moderator, report_id=report.id, reason="Fine"),
            lambda: reject_message(actor=other, report_id=report.id, reason="Not fine"),
        ]
    )
    assert sorted(type(outcome) for outcome in outcomes if isinstance(outcome, Exception)) == [Conflict]
    report.refresh_from_db()
    assert ("Darn it" in shown(bob, room)) is (report.outcome == "released")


def test_a_report_of_a_filter_leaves_nothing_in_between(room, held, moderator):
    with pytest.raises(Invalid):
        decide(actor=moderator, report_id=report_of().id, decision=Decision.DISMISS, reason="x")
    decide(actor=moderator, report_id=report_of().id, decision=Decision.WARN, reason="Behave")
    held.refresh_from_db()
    assert held.deleted_at


def test_an_author_can_take_it_back_and_not_change_it(alice, bob, room, held, moderator):
    with pytest.raises(Conflict):
        edit_message(actor=alice, room_id=room.id, sequence=held.sequence, body="Other words")
    delete_message(actor=alice, room_id=room.id, sequence=held.sequence)
    assert shown(bob, room) == ["First"]
    with pytest.raises(Conflict):
        release_message(actor=moderator, report_id=report_of().id, reason="Fine")
    reject_message(actor=moderator, report_id=report_of().id, reason="Gone")
    assert (report_of().state, report_of().outcome) == ("closed", "dismissed")
    assert not Sanction.objects.exists()


def test_who_blocks_its_author_does_not_get_it_by_a_release(alice, bob, room, held, moderator):
    block_person(blocker=bob, contact_id=contact_of(bob, alice).id)
    release_message(actor=moderator, report_id=report_of().id, reason="Fine")
    assert shown(bob, room) == ["First"]
    assert shown(alice, room) == ["First", "Darn it"]
    assert "Waiting for review" not in page_of(alice, room)


def test_what_reaches_nobody_anyway_is_not_held(alice, bob, room):
    Filter.objects.create(pattern="darn", action="hold")
    block_person(blocker=bob, contact_id=contact_of(bob, alice).id)
    message = say(alice, room, "darn")
    assert (message.withheld, message.held) == (True, False)
    assert not Report.objects.exists()


def test_nobody_answers_or_finds_a_held_message(bob, room, held):
    with pytest.raises(NotFound):
        say(bob, room, "Re", reply_to=held.sequence)
    assert client_of(bob).get(f"/rooms/{room.id}/messages/{held.sequence}/").status_code == 404


def test_a_page_that_was_kept_is_not_taken_for_the_released_one(alice, room, held, moderator):
    client = client_of(alice)
    # The first page brings the cookie that the forms of the second are made for.
    client.get(f"/rooms/{room.id}/")
    before = client.get(f"/rooms/{room.id}/")
    assert client.get(f"/rooms/{room.id}/", HTTP_IF_NONE_MATCH=before["ETag"]).status_code == 304
    release_message(actor=moderator, report_id=report_of().id, reason="Fine")
    assert client.get(f"/rooms/{room.id}/", HTTP_IF_NONE_MATCH=before["ETag"]).status_code == 200
    assert room_of(alice, room.id)
    assert Message.objects.get(pk=held.pk).withheld is False
