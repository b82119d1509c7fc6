"""Adding people, the list, search and renaming; nobody but the owner sees a contact."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import make_user
from chat.actions.contacts import add_contact, rename_contact
from chat.errors import Invalid, NotFound
from chat.models import Contact, Invitation
from chat.tests.situations import HTMX, befriend, client_of, contact_of

ADD = "/contacts/new/"


@pytest.fixture
def client(alice):
    return client_of(alice)


def test_adding_leads_to_the_contact(client, alice):
    response = client.post(ADD, {"name": " Zoe  Young ", "email": "Zoe@Example.org", "greeting": " Hi! "})

    contact = Contact.objects.get(owner=alice)
    assert (response.status_code, response["Location"]) == (303, f"/contacts/{contact.id}/")
    assert (contact.name, contact.email, contact.greeting) == ("Zoe Young", "zoe@example.org", "Hi!")
    assert (contact.person, contact.accepted_at) == (None, None)


@pytest.mark.parametrize("again", ["zoe@example.org", "ZOE@EXAMPLE.ORG", " Zoe@example.org "])
def test_adding_twice_is_harmless(client, again):
    first = client.post(ADD, {"name": "Zoe", "email": "zoe@example.org"})
    second = client.post(ADD, {"name": "Zoe", "email": again})

    assert first["Location"] == second["Location"]
    assert Contact.objects.count() == Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"email": "zoe@example.org"}, "name", "name not provided"),
        ({"name": "", "email": "zoe@example.org"}, "name", "name is empty"),
        ({"name": "  \t", "email": "zoe@example.org"}, "name", "name is empty"),
        ({"name": "Zoe"}, "email", "email not provided"),
        ({"name": "Zoe", "email": ""}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "   "}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "zoe"}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "zoe@"}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "z\x00oe@example.org"}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "a" * 250 + "@example.org"}, "email", "email is not valid"),
        ({"name": "Zoe", "email": "Alice@example.com"}, "email", "this is your own address"),
    ],
)
def test_what_is_wrong_is_said_in_these_words_and_what_was_typed_is_kept(client, typed, field, message):
    response = client.post(ADD, {"greeting": "Hi Zoe", **typed})

    assert response.status_code == 422
    form = response.context["form"]
    assert form.errors == {field: [message]}
    assert f"<span>{message}</span>" in response.text
    assert {name: form[name].value() for name in typed} == typed
    assert "Hi Zoe</textarea>" in response.text
    assert not Contact.objects.exists()


def test_nobody_adds_themselves(alice):
    with pytest.raises(Invalid) as refusal:
        add_contact(owner=alice, name="Me", email=" ALICE@example.com ")
    assert refusal.value.field == "email"


def test_known_and_unknown_addresses_cannot_be_told_apart(
    client, alice, bob, django_capture_on_commit_callbacks
):
    seen = []
    for name, email in [("Somebody", bob.email), ("Somebody", "nobody@example.com")]:
        with django_capture_on_commit_callbacks(execute=True):
            added = client.post(ADD, {"name": name, "email": email})
        contact = Contact.objects.get(owner=alice, email=email)
        pages = [
            client.get(path) for path in (f"/contacts/{contact.id}/", "/contacts/", "/", "/rooms/?q=some")
        ]
        code = contact.invitation.code
        shown = "".join(page.text for page in pages)
        for secret in (str(contact.id), code, email):
            shown = shown.replace(secret, "X")
        shown = re.sub(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|hue-\d+', "", shown)
        message = mail.outbox.pop()
        assert message.to == [email]
        body = re.sub(r"/join/\S+", "", message.body)
        seen.append((added.status_code, [page.status_code for page in pages], shown, body))
        contact.delete()

    assert seen[0] == seen[1]


def test_the_invitation_link_is_on_the_page_and_its_proof_is_not(
    client, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        client.post(ADD, {"name": "Zoe", "email": "zoe@example.org"})
    contact = Contact.objects.get(owner=alice)

    page = client.get(f"/contacts/{contact.id}/").text

    assert f"/join/{contact.invitation.code}/" in page
    assert "proof=" not in page
    assert "?proof=" in mail.outbox[0].body


def test_an_invitation_that_cannot_be_mailed_does_not_undo_the_contact(
    client, monkeypatch, django_capture_on_commit_callbacks
):
    def broken(*_what: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("chat.actions.contacts.send_mail", broken)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(ADD, {"name": "Zoe", "email": "zoe@example.org"})

    assert response.status_code == 303
    assert Contact.objects.count() == 1


def test_contacts_are_listed_by_name(client, alice):
    for name in ("bea", "Ada", "Cleo"):
        add_contact(owner=alice, name=name, email=f"{name}@example.org")

    assert [contact.name for contact in client.get("/contacts/").context["contacts"]] == [
        "Ada",
        "bea",
        "Cleo",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("zoe", ["Zoë Ärmel"]),
        ("ZOË", ["Zoë Ärmel"]),
        ("ärm", ["Zoë Ärmel"]),
        ("ÄRM", ["Zoë Ärmel"]),
        ("иван", ["Иван"]),
        ("@EXAMPLE", ["Zoë Ärmel", "Иван"]),
        ("o.e", []),
        ("%", []),
        ("_", []),
        ("(", []),
        ("[a-z", []),
        ("\\", []),
        ("***", []),
        ("z\x00oe", ["Zoë Ärmel"]),
        (" ", ["Zoë Ärmel", "Иван"]),
    ],
)
def test_search_finds_names_and_addresses_whatever_the_case(client, alice, query, found):
    add_contact(owner=alice, name="Zoë Ärmel", email="zoe@example.org")
    add_contact(owner=alice, name="Иван", email="ivan@example.org")

    page = client.get("/contacts/", {"q": query})

    assert [contact.name for contact in page.context["contacts"]] == found


def test_an_empty_list_says_so_and_a_fruitless_search_too(client):
    for path, target in [("/contacts/", "contact-list"), ("/rooms/", "room-list")]:
        empty, fruitless = (
            client.get(path + query, HTTP_HX_TARGET=target, **HTMX).text for query in ("", "?q=xyz")
        )
        assert "No contacts yet" in empty
        assert "No contacts found" in fruitless
        assert "No contacts yet" not in fruitless


@pytest.mark.parametrize("target", ["contact-list", "section#contact-list"])
def test_searching_with_htmx_answers_the_list_alone(client, alice, target):
    add_contact(owner=alice, name="Zoe", email="zoe@example.org")

    response = client.get("/contacts/?q=zoe", HTTP_HX_TARGET=target, **HTMX)

    assert "Zoe" in response.text
    assert "<main" not in response.text
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].split(", "))


def test_the_number_of_queries_does_not_grow_with_contacts(client, alice):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/contacts/").status_code == 200
        return len(captured)

    befriend(alice, make_user("Zoe"))
    few = queries()
    for number in range(20):
        befriend(alice, make_user(f"Friend {number}"))

    assert queries() == few <= 6


def test_a_contact_shows_the_persons_colour_only_after_they_accepted(alice, bob):
    waiting = add_contact(owner=alice, name="Bobby", email=bob.email)
    assert (waiting.hue, waiting.initials) == (waiting.id.int % 12, "B")

    befriend(alice, bob)

    assert contact_of(alice, bob).hue == bob.hue


def test_the_details_lead_to_the_conversation_and_offer_the_address(client, alice, bob, room):
    page = client.get(f"/contacts/{contact_of(alice, bob).id}/").text

    assert f'href="/rooms/{room.id}/"' in page
    assert 'data-text="bob@example.com"' in page
    assert "/join/" not in page


def test_a_contact_is_renamed_for_its_owner_alone(client, alice, bob, room):
    contact = contact_of(alice, bob)

    response = client.post(f"/contacts/{contact.id}/edit/", {"name": "  Uncle   Bob "})

    assert (response.status_code, response["Location"]) == (303, f"/contacts/{contact.id}/")
    contact.refresh_from_db()
    assert contact.name == "Uncle Bob"
    assert "Uncle Bob" in client.get("/").text
    assert "Uncle Bob" not in client_of(bob).get("/").text
    bob.refresh_from_db()
    assert bob.name == "Bob"


@pytest.mark.parametrize(("typed", "message"), [({}, "name not provided"), ({"name": " "}, "name is empty")])
def test_a_name_that_cannot_be_is_refused(client, alice, bob, room, typed, message):
    response = client.post(f"/contacts/{contact_of(alice, bob).id}/edit/", typed)

    assert response.status_code == 422
    assert response.context["form"].errors == {"name": [message]}
    assert contact_of(alice, bob).name == "Bob"


@pytest.mark.parametrize("page", ["", "edit/", "block/", "reports/"])
def test_only_the_owner_sees_a_contact(page, alice, bob, mallory, room):
    url = f"/contacts/{contact_of(alice, bob).id}/{page}"

    assert client_of(alice).get(url).status_code == 200
    for other in (bob, mallory):
        response = client_of(other).get(url)
        assert response.status_code == 404
        assert "contact not found" in response.text


def test_only_the_owner_changes_a_contact(alice, bob, mallory, room):
    contact = contact_of(alice, bob)

    with pytest.raises(NotFound, match="contact not found"):
        rename_contact(owner=mallory, contact_id=contact.id, name="Hacked")
    for action, data in [("edit/", {"name": "Hacked"}), ("accept/", {}), ("block/", {}), ("unblock/", {})]:
        assert client_of(mallory).post(f"/contacts/{contact.id}/{action}", data).status_code == 404
    contact.refresh_from_db()
    assert contact.name == "Bob"


def test_an_invitation_can_be_withdrawn_while_it_waits(client, alice):
    contact = add_contact(owner=alice, name="Zoe", email="zoe@example.org")
    link = contact.invitation.get_absolute_url()

    response = client.post(f"/contacts/{contact.id}/withdraw/")

    assert (response.status_code, response["Location"]) == (303, "/contacts/")
    assert not Contact.objects.exists()
    assert client.get(link).status_code == 404


def test_somebody_who_accepted_cannot_be_withdrawn(client, alice, bob):
    befriend(alice, bob)

    assert client.post(f"/contacts/{contact_of(alice, bob).id}/withdraw/").status_code == 404
    assert Contact.objects.filter(owner=alice, person=bob).exists()


def test_nobody_else_withdraws_an_invitation(alice, mallory):
    contact = add_contact(owner=alice, name="Zoe", email="zoe@example.org")

    assert client_of(mallory).post(f"/contacts/{contact.id}/withdraw/").status_code == 404
    assert Contact.objects.filter(id=contact.id).exists()
