"""First contact from a stranger is a request: nothing more can be said until it is accepted."""

import pytest

from accounts.actions import sign_up, take_invitation
from accounts.tests.people import make_user
from chat.actions.contacts import accept_contact, add_contact
from chat.actions.messages import edit_message
from chat.errors import NotFound
from chat.models import Contact, Membership, Message, Room
from chat.tests.situations import client_of, contact_of, requests_waiting


def ask(owner, person, greeting=""):
    return add_contact(owner=owner, name=person.name, email=person.email, greeting=greeting)


def test_a_request_opens_no_room_until_it_is_accepted(alice, bob):
    request = ask(alice, bob, "Hi Bob")

    assert list(Contact.objects.requests_to(bob)) == [request]
    assert not Room.objects.exists()
    assert not Membership.objects.exists()


def test_the_request_and_its_greeting_are_on_the_pages(alice, bob):
    request = ask(alice, bob, "Hi <b>Bob</b>")
    client = client_of(bob)

    for path in ("/", "/contacts/"):
        page = client.get(path)
        assert list(page.context["requests"]) == [request]
        assert requests_waiting(page) == 1
        assert "Hi &lt;b&gt;Bob&lt;/b&gt;" in page.text
    assert "1 contact request" in client.get("/").text
    assert [contact.email for contact in client_of(alice).get("/").context["waiting"]] == [bob.email]


def test_accepting_connects_both_and_leads_to_the_conversation(alice, bob):
    request = ask(alice, bob)

    response = client_of(bob).post(f"/contacts/{request.id}/accept/")

    room = Room.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/rooms/{room.id}/")
    assert (contact_of(alice, bob).id, contact_of(bob, alice).name) == (request.id, "Alice")
    assert {member.user_id for member in room.memberships.all()} == {alice.id, bob.id}
    assert not Contact.objects.waiting().exists()


def test_the_greeting_becomes_the_first_message_once(alice, bob):
    request = ask(alice, bob, "Hi Bob")

    first = accept_contact(actor=bob, contact_id=request.id)
    again = accept_contact(actor=bob, contact_id=request.id)

    assert first == again
    [message] = Message.objects.all()
    assert (message.author, message.body, message.sequence) == (alice, "Hi Bob", 1)


def test_accepting_again_later_repeats_nothing(alice, bob):
    request = ask(alice, bob, "Hi Bob")
    accept_contact(actor=bob, contact_id=request.id)
    room = Room.objects.get()
    edit_message(actor=alice, room_id=room.id, sequence=1, body="Hello Bob")

    response = client_of(bob).post(f"/contacts/{request.id}/accept/")

    assert response["Location"] == f"/rooms/{room.id}/"
    assert [message.body for message in room.messages.all()] == ["Hello Bob"]


def test_adding_each_other_connects_at_once_and_says_both_greetings(alice, bob):
    ask(alice, bob, "Hi Bob")

    mine = ask(bob, alice, "Oh, hi Alice")

    assert mine.person == alice
    room = Room.objects.get()
    assert [(message.author, message.body) for message in room.messages.order_by("sequence")] == [
        (alice, "Hi Bob"),
        (bob, "Oh, hi Alice"),
    ]
    assert Contact.objects.count() == 2
    assert not Contact.objects.waiting().exists()


def test_adding_back_by_another_address_keeps_the_name_that_was_typed(alice, bob):
    alice.emailaddress_set.create(email="work@example.com", verified=True)
    ask(alice, bob)

    mine = add_contact(owner=bob, name="Alice at work", email="Work@example.com")

    assert (mine.name, mine.person) == ("Alice at work", alice)
    assert Contact.objects.filter(owner=bob).count() == 1


@pytest.mark.parametrize("asks", ["primary", "other"])
def test_a_request_reaches_confirmed_addresses_only(alice, asks):
    bob = make_user("Bob", verified=False)
    bob.emailaddress_set.create(email="other@example.com", verified=False)
    request = add_contact(
        owner=alice, name="Bob", email="bob@example.com" if asks == "primary" else "other@example.com"
    )

    assert not Contact.objects.requests_to(bob).exists()
    with pytest.raises(NotFound):
        accept_contact(actor=bob, contact_id=request.id)
    assert requests_waiting(client_of(bob).get("/")) == 0

    bob.emailaddress_set.filter(email=request.email).update(verified=True)
    assert list(Contact.objects.requests_to(bob)) == [request]


def test_nobody_accepts_a_request_to_somebody_else(alice, bob, mallory):
    request = ask(alice, bob)

    for other in (alice, mallory):
        response = client_of(other).post(f"/contacts/{request.id}/accept/")
        assert response.status_code == 404
        assert "contact not found" in response.text
    assert not Room.objects.exists()


def test_a_newcomer_finds_the_request_and_the_conversation_opens(alice, settings):
    settings.SIGN_UP = "open"
    request = add_contact(owner=alice, name="Zoe", email="zoe@example.org", greeting="Welcome!")

    zoe = sign_up(name="Zoe", email="zoe@example.org", password="correct horse battery")
    accept_contact(actor=zoe, contact_id=request.id)

    assert Message.objects.get().body == "Welcome!"
    assert contact_of(alice, zoe).id == request.id


def test_a_link_brings_the_request_to_whoever_joins_with_it(alice):
    request = add_contact(owner=alice, name="Zoe", email="zoe@example.org")
    zoe = make_user("Zoe", email="private@example.org")
    assert not Contact.objects.requests_to(zoe).exists()

    assert take_invitation(user=zoe, code=request.invitation.code)

    assert list(Contact.objects.requests_to(zoe)) == [request]
    accept_contact(actor=zoe, contact_id=request.id)
    assert contact_of(zoe, alice)


def test_people_who_left_ask_nobody(alice, bob):
    request = ask(alice, bob)
    alice.is_active = False
    alice.save()

    assert not Contact.objects.requests_to(bob).exists()
    with pytest.raises(NotFound):
        accept_contact(actor=bob, contact_id=request.id)


def test_the_count_of_requests_is_the_same_with_and_without_rooms(alice, bob, mallory):
    for asker in (alice, mallory):
        ask(asker, bob)
    client = client_of(bob)
    assert requests_waiting(client.get("/")) == 2

    accept_contact(actor=bob, contact_id=Contact.objects.get(owner=alice, email=bob.email).id)

    assert requests_waiting(client.get("/")) == 1
