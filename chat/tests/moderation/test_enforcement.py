"""What a sanction keeps somebody from, on pages and sockets alike."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from chat.actions import moderation
from chat.actions.contacts import accept_contact, add_contact
from chat.actions.messages import delete_message, edit_message, post_message
from chat.errors import Muted
from chat.models import Contact, Message
from chat.tests.situations import JSON, client_of, say

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def mute(person: User, *, days: float = 3) -> None:
    User.objects.filter(pk=person.pk).update(muted_until=timezone.now() + timedelta(days=days))


DEEDS = {
    "posting": lambda who, room: say(who, room),
    "editing": lambda who, room: edit_message(actor=who, room_id=room.id, sequence=1, body="Other words"),
    "greeting": lambda who, room: add_contact(owner=who, name="Eve", email="eve@x.org", greeting="Hi"),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_who_is_muted_says_nothing(deed, room, bob):
    say(bob, room, "Words")
    mute(bob)

    with pytest.raises(Muted, match=f"{timezone.now() + timedelta(days=3):%Y}") as refused:
        deed(bob, room)

    assert refused.value.as_dict()["code"] == "muted"
    assert [message.body for message in Message.objects.all()] == ["Words"]
    assert not Contact.objects.filter(name="Eve").exists()


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_a_mute_that_has_ended_mutes_nobody(deed, room, bob):
    say(bob, room, "Words")
    mute(bob, days=-0.001)

    deed(bob, room)


def test_who_is_muted_reads_deletes_and_adds_people(room, alice, bob):
    say(bob, room, "Words")
    mute(bob)

    assert client_of(bob).get(f"/rooms/{room.id}/").status_code == 200
    assert delete_message(actor=bob, room_id=room.id, sequence=1).deleted_at
    add_contact(owner=bob, name="Eve", email="eve@x.org")


def test_others_in_the_same_breath_are_not_muted(room, alice, bob):
    from chat.actions.messages import Posting, post_messages

    mute(bob)
    posted, refused = post_messages([Posting(who.id, room.id, uuid.uuid4(), "Hello") for who in (alice, bob)])

    assert isinstance(posted, Message)
    assert isinstance(refused, Muted)


def test_what_was_said_before_is_answered_again(room, bob):
    client_id = uuid.uuid4()
    said = say(bob, room, client_id=client_id)
    mute(bob)

    again = post_message(author=bob, room_id=room.id, client_id=client_id, body="Hello")

    assert again.pk == said.pk


def test_the_greeting_of_who_was_muted_since_is_not_said(alice, mallory):
    asked = add_contact(owner=mallory, name="Alice", email=alice.email, greeting="Hi")
    mute(mallory)

    accept_contact(actor=alice, contact_id=asked.id)

    assert not Message.objects.exists()


def test_a_refused_form_keeps_the_words(room, bob):
    mute(bob)
    client = client_of(bob)

    page = client.post(f"/rooms/{room.id}/messages/", {"body": "My words", "client_id": str(uuid.uuid4())})

    assert page.status_code == 403
    assert "My words" in page.text
    assert "muted you until" in page.text
    answer = client.post(f"/rooms/{room.id}/messages/", {"body": "My words"}, **JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "muted")
    assert answer.json()["error"]["field"] == "body"


def test_a_closed_account_is_signed_out_everywhere(ada, bob):
    from django.contrib.sessions.models import Session

    clients = [client_of(bob), client_of(bob)]
    other = client_of(ada)

    moderation.sanction(actor=ada, person=bob, kind="ban", reason="Spam")

    assert [client.get("/profile/").status_code for client in clients] == [302, 302]
    assert other.get("/profile/").status_code == 200
    assert Session.objects.count() == 1
