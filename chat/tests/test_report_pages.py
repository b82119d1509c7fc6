"""The form of a report, with messages to pick, and "Your reports" with what was decided (CO7, MO3)."""

import json
import re
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.export import export_person
from accounts.tests.people import make_user
from chat.actions.contacts import add_contact, block_person
from chat.actions.messages import edit_message
from chat.actions.moderation import decide
from chat.actions.reports import report_message, report_person
from chat.models import Block, Membership, Report, Room
from chat.tests.situations import JSON, befriend, client_of, contact_of, fill, say


@pytest.fixture
def talk(room, alice, bob):
    fill(room, [bob, alice], 40)
    return room


@pytest.fixture
def client(alice):
    return client_of(alice)


@pytest.fixture
def made(talk, alice):
    return report_message(
        reporter=alice, room_id=talk.id, sequence=10, context="He was rude", reason="harassment", picked=[12]
    )


def moderator():
    return make_user("Moderator", role="moderator")


def offered(page) -> list[int]:
    return [int(one) for one in re.findall(r'name="messages" value="(\d+)"', page.text)]


def ticked(page) -> list[int]:
    return [int(one) for one in re.findall(r'name="messages" value="(\d+)" checked', page.text)]


def test_the_form_of_a_message_shows_it_and_offers_those_around_it(talk, client):
    page = client.get(f"/rooms/{talk.id}/messages/20/report/")

    assert "Message 20</span>" in page.text
    assert offered(page) == [*range(5, 20), *range(21, 35)]
    assert ticked(page) == []
    assert page.text.count('type="radio" name="reason"') == 8


def test_the_form_of_a_conversation_offers_the_newest(talk, client, alice, bob):
    for path in (f"/rooms/{talk.id}/report/", f"/contacts/{contact_of(alice, bob).id}/reports/"):
        assert offered(client.get(path)) == [*range(11, 41)], path


def test_the_form_of_a_request_shows_what_it_said(alice, mallory):
    request = add_contact(owner=mallory, name="Alice", email=alice.email, greeting="Give me <money>")
    client = client_of(alice)
    path = f"/contacts/{request.id}/reports/"

    page = client.get(path)
    client.post(path, {"context": "Spam", "reason": "spam", "messages": ["1"]})

    assert "Give me &lt;money&gt;" in page.text
    assert offered(page) == []
    report = Report.objects.get()
    assert (report.kind, report.reason, report.evidence["messages"]) == ("request", "spam", [])


def test_a_message_is_reported_with_those_that_are_ticked(talk, client, alice, bob):
    page = client.post(
        f"/rooms/{talk.id}/messages/20/report/",
        {"context": "He was rude", "reason": "threat", "messages": ["18", "22"]},
    )

    report = Report.objects.get()
    assert page.status_code == 200
    assert "Thank you. Your report about Bob has been sent." in page.text
    assert 'href="/reports/"' in page.text
    assert (report.reporter, report.subject, report.urgency) == (alice, bob, 3)
    assert [one["sequence"] for one in report.evidence["messages"] if one["picked"]] == [18, 20, 22]


def test_what_was_typed_and_ticked_stays_when_it_is_refused(talk, client):
    path = f"/rooms/{talk.id}/messages/20/report/"

    page = client.post(path, {"context": "x" * 2_001, "reason": "hate", "messages": ["18", "22"]})

    assert page.status_code == 422
    assert "x" * 2_001 in page.text
    assert ticked(page) == [18, 22]
    assert re.search(r'value="hate"[^>]* checked', page.text)
    page = client.post(path, {"context": " ", "messages": ["18"]})
    assert (page.status_code, ticked(page)) == (422, [18])
    assert "<span>report is empty</span>" in page.text
    assert not Report.objects.exists()


@pytest.mark.parametrize("typed", [{"reason": "boredom"}, {"messages": ["x"]}, {"messages": ["-1"]}])
def test_what_no_form_of_ours_sends_is_refused_in_words(talk, client, typed):
    page = client.post(f"/rooms/{talk.id}/messages/20/report/", {"context": "Words of mine", **typed})

    assert page.status_code == 422
    assert "Words of mine</textarea>" in page.text
    assert not Report.objects.exists()


def test_a_message_that_is_not_to_be_seen_is_not_found(talk, client):
    typed = {"context": "x", "messages": ["99"]}
    assert client.post(f"/rooms/{talk.id}/messages/20/report/", typed).status_code == 404
    assert client.get(f"/rooms/{talk.id}/messages/99/report/").status_code == 404
    assert client.get(f"/rooms/{talk.id}/messages/{10**18}/report/").status_code == 404


def test_programs_get_json(talk, client):
    path = f"/rooms/{talk.id}/messages/20/report/"

    refused = client.post(path, {"context": ""}, **JSON)
    made = client.post(path, {"context": "x"}, **JSON)

    assert refused.status_code == 422
    assert refused.json()["error"] == {"code": "invalid", "message": "report is empty", "field": "context"}
    assert made.json() == {"report": {"id": str(Report.objects.get().id), "state": "open"}}


def test_the_form_takes_the_same_number_of_queries_however_much_there_is(room, alice, bob, client):
    say(bob, room)

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    paths = (
        f"/rooms/{room.id}/messages/1/report/",
        f"/rooms/{room.id}/report/",
        f"/contacts/{contact_of(alice, bob).id}/reports/",
        "/reports/",
    )
    few = [queries(path) for path in paths]
    for number in range(30):
        say(bob, room)
        report_message(reporter=alice, room_id=room.id, sequence=1, context="x")
        befriend(alice, make_user(f"Friend {number}"))

    assert [queries(path) for path in paths] == few
    assert max(few) <= 7


def test_after_a_report_one_tap_blocks(talk, client, alice, bob):
    page = client.post(f"/rooms/{talk.id}/messages/20/report/", {"context": "x"})
    path = f"/reports/{Report.objects.get().id}/block/"
    assert f'action="{path}"' in page.text

    assert client.post(path)["Location"] == "/contacts/blocked/"
    assert Block.objects.filter(blocker=alice, blocked=bob).exists()
    assert f'action="{path}"' not in client.get(path.removesuffix("block/")).text
    assert client.post(path).status_code == 303
    bob.delete()
    assert client.post(path).status_code == 404


def test_who_wrote_a_message_can_be_blocked_from_it_after_asking(talk, client, alice, bob):
    path = f"/rooms/{talk.id}/messages/20/block/"
    Membership.objects.filter(user=bob).update(role="host")
    contact_of(alice, bob).delete()

    page = client.get(path)
    assert not Block.objects.exists()
    assert f'action="{path}"' in page.text

    assert client.post(path)["Location"] == "/contacts/blocked/"
    assert Block.objects.filter(blocker=alice, blocked=bob).exists()


def test_a_room_without_anybody_else_has_nobody_to_report(room, alice, bob):
    bob.delete()

    assert client_of(alice).get(f"/rooms/{room.id}/report/").status_code == 404


def test_in_a_room_of_several_somebody_must_be_picked(alice, bob, client):
    several = Room.objects.create(kind=Room.Kind.GROUP, name="Everybody")
    for person in (alice, bob):
        Membership.objects.create(room=several, user=person)
    fill(several, [bob], 3)
    path = f"/rooms/{several.id}/report/"

    page = client.post(path, {"context": "Words"})

    assert page.status_code == 422
    assert "pick a message of the person" in page.text
    assert "<details" in page.text
    assert " open>" in page.text
    assert client.post(path, {"context": "Words", "messages": ["2"]}).status_code == 200
    assert Report.objects.get().subject == bob


def test_your_reports_show_what_became_of_each(made, client, alice, bob):
    other = report_person(reporter=alice, contact_id=contact_of(alice, bob).id, context="Second")
    Report.objects.filter(id=other.id).update(state=Report.State.TAKEN)

    page = client.get("/reports/")

    assert page.text.index(f"/reports/{other.id}/") < page.text.index(f"/reports/{made.id}/")
    assert page.text.count("Received</span>") == page.text.count("In review</span>") == 1


def test_the_page_of_a_report_shows_ones_words_and_messages(made, client, alice, bob):
    page = client.get(f"/reports/{made.id}/")

    assert "He was rude" in page.text
    assert "Harassment or bullying" in page.text
    shown = re.findall(r'"kept-words">Message (\d+)<', page.text)
    assert shown == [str(number) for number in range(7, 16)]
    assert page.text.count("data-picked") == 2


def test_what_a_message_said_before_is_for_moderators_alone(talk, client, alice, bob):
    edit_message(actor=bob, room_id=talk.id, sequence=10, body="polite words")
    made = report_message(reporter=alice, room_id=talk.id, sequence=10, context="x")

    assert made.evidence["messages"][3]["before"] == ["Message 10"]
    assert "Message 10<" not in client.get(f"/reports/{made.id}/").text
    with export_person(alice) as file, zipfile.ZipFile(file) as export:
        exported = json.loads(export.read("report.json"))[0]["evidence"]["messages"][3]
    assert exported["body"] == "polite words"
    assert "before" not in exported


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("dismissed", "does not break the rules"),
        ("released", "does not break the rules"),
        *((outcome, "We took action") for outcome in ("warned", "muted", "suspended", "banned", "removed")),
    ],
)
def test_the_reporter_is_told_the_outcome_but_not_what_it_was(made, client, outcome, words):
    Report.objects.filter(id=made.id).update(
        state=Report.State.CLOSED,
        outcome=outcome,
        decision_reason="Between us: third time",
        decided_at=timezone.now(),
    )

    page = client.get(f"/reports/{made.id}/")

    assert words in page.text
    assert "Decided</span>" in page.text
    assert "Decided</span>" in client.get("/reports/").text
    for private in ("Between us", "suspended", "banned", "muted", "warned", outcome):
        assert private not in page.text.lower()


def test_the_inbox_tells_that_something_was_decided_until_one_has_looked(
    made, client, talk, alice, bob, mallory
):
    told = "Something that you reported was decided."
    tag = client.get("/")["ETag"]
    decide(actor=moderator(), report_id=made.id, decision="warn", reason="That was rude")

    page = client.get("/", HTTP_IF_NONE_MATCH=tag)

    assert (page.status_code, told in page.text) == (200, True)
    assert client.get("/", HTTP_IF_NONE_MATCH=page["ETag"]).status_code == 304
    for other in (bob, mallory):
        assert told not in client_of(other).get("/").text
        assert client_of(other).post("/reports/").status_code == 303
    assert "New:</span>" in client.get("/reports/").text
    assert "New:</span>" in client.get(f"/reports/{made.id}/").text
    assert told in client.get("/").text
    assert client.post("/reports/")["Location"] == "/reports/"
    assert told not in client.get("/").text
    assert told not in (listed := client.get("/reports/").text)
    assert "New:</span>" not in listed
    assert "Decided</span>" in listed


def test_what_was_not_decided_is_not_seen(made, client):
    client.post("/reports/")
    decide(actor=moderator(), report_id=made.id, decision="dismiss", reason="No")

    assert "Something that you reported was decided." in client.get("/").text


def test_reports_are_for_their_reporter_alone(made, bob, mallory):
    for other in (bob, mallory, moderator()):
        client = client_of(other)
        assert client.get(f"/reports/{made.id}/").status_code == 404
        assert client.post(f"/reports/{made.id}/block/").status_code == 404
        assert str(made.id) not in client.get("/reports/").text


def test_reports_of_people_who_have_gone_are_still_there(made, client, bob):
    bob.delete()

    page = client.get(f"/reports/{made.id}/")

    assert page.status_code == 200
    assert ">Bob</h2>" in page.text
    assert f"/reports/{made.id}/block/" not in page.text


def test_whoever_was_erased_has_no_name_there(made, client):
    made.evidence["name"] = ""
    for message in made.evidence["messages"]:
        message |= {"author": "", "author_name": "", "body": "", "deleted": True}
    made.save()

    assert "Somebody who has left" in client.get("/reports/").text
    page = client.get(f"/reports/{made.id}/").text
    assert page.count("Somebody who has left") == 1 + len(made.evidence["messages"])


def test_the_way_to_ones_reports(made, client, alice, bob, mallory):
    befriend(alice, mallory)

    assert 'href="/reports/"' in client.get("/profile/").text
    assert 'href="/reports/"' in client.get(f"/contacts/{contact_of(alice, bob).id}/").text
    assert 'href="/reports/"' not in client.get(f"/contacts/{contact_of(alice, mallory).id}/").text


def test_a_conversation_has_a_way_to_report_block_and_unblock(talk, client, alice, bob):
    contact = contact_of(alice, bob)
    room = client.get(f"/rooms/{talk.id}/").text
    assert f'href="/rooms/{talk.id}/report/"' in room
    assert f'href="/contacts/{contact.id}/block/"' in room

    block_person(blocker=alice, contact_id=contact.id)
    room = client.get(f"/rooms/{talk.id}/").text
    assert f'href="/contacts/{contact.id}/block/"' not in room
    assert f'action="/contacts/{contact.id}/unblock/"' in room
    response = client.post(f"/contacts/{contact.id}/unblock/", {"back": ""})
    assert (response.status_code, response["Location"]) == (303, f"/rooms/{talk.id}/")
    assert not Block.objects.exists()


def test_without_scripts_a_messages_own_page_has_the_way(talk, client):
    theirs, mine = (client.get(f"/rooms/{talk.id}/messages/{number}/").text for number in (20, 21))

    for path in ("report", "block"):
        assert f'href="/rooms/{talk.id}/messages/20/{path}/"' in theirs
        assert f'href="/rooms/{talk.id}/messages/21/{path}/"' not in mine
