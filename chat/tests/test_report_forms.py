"""The form of a report, with messages to pick, and the ways to it (CO6, CO7)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import make_user
from chat.actions.contacts import add_contact, block_person
from chat.actions.reports import report_message
from chat.models import Block, Membership, Report, Room
from chat.tests.situations import JSON, befriend, client_of, contact_of, fill, say
from chatscape.rates import Limit, Rate


@pytest.fixture
def talk(room, alice, bob):
    fill(room, [bob, alice], 40)
    return room


@pytest.fixture
def client(alice):
    return client_of(alice)


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


def test_who_reports_too_often_is_asked_to_wait_and_loses_no_words(talk, client, settings):
    settings.LIMITS = {"report": Limit(Rate(1, 86_400), None)}
    path = f"/rooms/{talk.id}/messages/20/report/"
    assert client.post(path, {"context": "First"}).status_code == 200

    page = client.post(path, {"context": "Second <words>", "reason": "hate", "messages": ["18"]})

    assert (page.status_code, int(page["Retry-After"]) > 0) == (429, True)
    assert "Second &lt;words&gt;</textarea>" in page.text
    assert ticked(page) == [18]
    assert Report.objects.count() == 1
