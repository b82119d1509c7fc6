"""Your reports: what one has told, and what was decided (CO7, MO3)."""

import json
import re
import zipfile

import pytest
from django.utils import timezone

from accounts.export import export_person
from accounts.tests.people import make_user
from chat.actions.messages import edit_message
from chat.actions.moderation import decide
from chat.actions.reports import report_message, report_person
from chat.models import Report
from chat.tests.situations import befriend, client_of, contact_of, fill


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
