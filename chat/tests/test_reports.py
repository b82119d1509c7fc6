"""Telling the moderators: with words, with frozen evidence, as often as needed."""

import pytest

from chat.actions.contacts import accept_contact, add_contact
from chat.actions.reports import report_person
from chat.errors import Invalid, NotFound
from chat.models import Contact, Report
from chat.tests.situations import client_of, contact_of


@pytest.fixture
def url(room, alice, bob):
    return f"/contacts/{contact_of(alice, bob).id}/reports/"


def test_a_report_is_kept_with_the_words_and_who_it_is_about(url, alice, bob):
    response = client_of(alice).post(url, {"context": "  He was rude.\r\nTwice. "})

    report = Report.objects.get()
    assert response.status_code == 200
    assert "Thank you. Your report about Bob has been sent." in response.text
    assert (report.reporter, report.subject, report.context) == (alice, bob, "He was rude.\nTwice.")
    assert report.state == Report.State.OPEN


@pytest.mark.parametrize("typed", [{}, {"context": ""}, {"context": " \n"}, {"context": "\u200b\x00"}])
def test_a_report_without_words_is_refused(url, alice, typed):
    response = client_of(alice).post(url, typed)

    assert response.status_code == 422
    assert response.context["form"].errors == {"context": ["report is empty"]}
    assert "<span>report is empty</span>" in response.text
    assert not Report.objects.exists()


def test_a_report_that_is_too_long_is_kept_in_the_form(url, alice):
    response = client_of(alice).post(url, {"context": "x" * 2_001})

    assert response.status_code == 422
    assert "x" * 2_001 + "</textarea>" in response.text
    assert not Report.objects.exists()


def test_null_characters_do_no_harm(url, alice):
    assert client_of(alice).post(url, {"context": "ru\x00de"}).status_code == 200
    assert Report.objects.get().context == "rude"


def test_several_reports_are_several_rows(url, alice):
    for _time in range(3):
        client_of(alice).post(url, {"context": "again"})

    assert Report.objects.count() == 3


def test_the_evidence_is_frozen(alice, mallory):
    request = add_contact(owner=mallory, name="Alice", email=alice.email, greeting="Give me money")
    mallory.intro = "Totally honest"
    mallory.save()
    report = report_person(reporter=alice, contact_id=request.id, context="Spam")

    mallory.name, mallory.intro = "Angel", ""
    mallory.save()
    accept_contact(actor=alice, contact_id=request.id)
    Contact.objects.filter(owner=mallory).delete()

    report.refresh_from_db()
    assert report.evidence == {
        "name": "Mallory",
        "intro": "Totally honest",
        "greeting": "Give me money",
        "messages": [],
    }


def test_evidence_outlives_the_people(url, alice, bob):
    client_of(alice).post(url, {"context": "Rude"})

    bob.delete()

    report = Report.objects.get()
    assert (report.subject, report.evidence["name"]) == (None, "Bob")


def test_ones_own_greeting_is_no_evidence_against_the_other(alice, bob):
    contact = add_contact(owner=alice, name="Bob", email=bob.email, greeting="Hi Bob")
    accept_contact(actor=bob, contact_id=contact.id)

    assert report_person(reporter=alice, contact_id=contact.id, context="x").evidence["greeting"] == ""


def test_somebody_who_has_not_answered_cannot_be_reported_or_found_out(alice, bob):
    known = add_contact(owner=alice, name="Bob", email=bob.email)
    unknown = add_contact(owner=alice, name="Nobody", email="nobody@example.com")

    for contact in (known, unknown):
        with pytest.raises(NotFound, match="contact not found"):
            report_person(reporter=alice, contact_id=contact.id, context="x")


def test_outsiders_report_nobody_through_others_contacts(url, mallory):
    assert client_of(mallory).post(url, {"context": "x"}).status_code == 404
    assert not Report.objects.exists()


def test_a_refusal_names_its_field(room, alice, bob):
    with pytest.raises(Invalid) as refusal:
        report_person(reporter=alice, contact_id=contact_of(alice, bob).id, context=" ")
    assert (refusal.value.message, refusal.value.field) == ("report is empty", "context")
