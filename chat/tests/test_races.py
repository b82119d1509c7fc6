"""Many at the same moment: one row where one is meant, and no row lost."""

import uuid

import pytest

from chat.actions.contacts import accept_contact, add_contact, block_person, withdraw_contact
from chat.actions.messages import delete_message, edit_message
from chat.actions.rooms import mark_read
from chat.errors import Conflict
from chat.models import Block, Contact, Membership, Message, Room
from chat.tests.situations import at_once, befriend, contact_of, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("published")]
MANY = 50


def test_fifty_parallel_retries_make_one_message(room, alice):
    client_id = uuid.uuid4()

    answers = at_once([lambda: say(alice, room, "once", client_id=client_id)] * MANY)

    assert Message.objects.count() == 1
    assert {(answer.sequence, answer.revision, answer.body) for answer in answers} == {(1, 1, "once")}


def test_fifty_parallel_messages_are_fifty_in_one_order(room, alice, bob):
    works = [lambda who=who, n=n: say(who, room, f"{n}") for n in range(MANY // 2) for who in (alice, bob)]

    answers = at_once(works)

    assert sorted(answer.sequence for answer in answers) == list(range(1, MANY + 1))
    stored = Message.objects.filter(room=room).order_by("sequence")
    assert [message.sequence for message in stored] == list(range(1, MANY + 1))
    room.refresh_from_db()
    assert room.revision == MANY
    assert room.last_message.sequence == MANY


def test_the_same_client_id_in_two_rooms_at_once_is_one_message_and_conflicts(room, alice, mallory):
    other_room = befriend(alice, mallory)
    client_id = uuid.uuid4()

    answers = at_once([lambda to=to: say(alice, to, client_id=client_id) for to in [room, other_room] * 5])

    kept = Message.objects.get()
    posted = [answer for answer in answers if isinstance(answer, Message)]
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(posted), len(refused)) == (5, 5)
    assert {message.pk for message in posted} == {kept.pk}
    for each in (room, other_room):
        each.refresh_from_db()
        assert each.revision == each.messages.count()


def test_posts_edits_and_deletes_at_once_never_share_a_revision(room, alice):
    for _number in range(10):
        say(alice, room)
    works = [
        *(
            lambda n=n: edit_message(actor=alice, room_id=room.id, sequence=n, body="edited")
            for n in range(1, 6)
        ),
        *(lambda n=n: delete_message(actor=alice, room_id=room.id, sequence=n) for n in range(6, 11)),
        *(lambda: say(alice, room) for _number in range(10)),
    ]

    answers = at_once(works)

    assert sorted(answer.revision for answer in answers) == list(range(11, 31))
    room.refresh_from_db()
    assert room.revision == 30


def test_accepting_twice_at_once_opens_one_room_with_one_greeting(alice, bob):
    request = add_contact(owner=alice, name="Bob", email=bob.email, greeting="Hi Bob")

    answers = at_once([lambda: accept_contact(actor=bob, contact_id=request.id)] * 8)

    assert {answer.pk for answer in answers} == {contact_of(bob, alice).pk}
    room = Room.objects.get()
    assert [message.body for message in room.messages.all()] == ["Hi Bob"]
    assert Membership.objects.filter(room=room).count() == 2
    assert Contact.objects.count() == 2


def test_accepting_and_withdrawing_at_once_is_either_one(alice, bob):
    for _time in range(5):
        request = add_contact(owner=alice, name="Bob", email=bob.email)
        at_once(
            [
                lambda pk=request.pk: accept_contact(actor=bob, contact_id=pk),
                lambda pk=request.pk: withdraw_contact(owner=alice, contact_id=pk),
            ]
        )

        both = {contact.owner_id for contact in Contact.objects.exclude(person=None)}
        assert both == ({alice.id, bob.id} if Room.objects.exists() else set())
        Room.objects.all().delete()
        Contact.objects.all().delete()


def test_adding_twice_at_once_is_one_contact(alice):
    works = [
        lambda e=e: add_contact(owner=alice, name="Zoe", email=e) for e in ["zoe@x.org", "ZOE@x.org"] * 5
    ]

    answers = at_once(works)

    assert {answer.pk for answer in answers} == {Contact.objects.get().pk}


def test_adding_each_other_at_once_leaves_a_way_to_connect(alice, bob):
    at_once(
        [
            lambda: add_contact(owner=alice, name="Bob", email=bob.email),
            lambda: add_contact(owner=bob, name="Alice", email=alice.email),
        ]
    )

    if request := Contact.objects.requests_to(alice).first():
        accept_contact(actor=alice, contact_id=request.id)
    assert contact_of(alice, bob)
    assert contact_of(bob, alice)
    assert not Contact.objects.waiting().exists()


def test_blocking_twice_at_once_is_one_block(room, alice, bob):
    contact_id = contact_of(alice, bob).id

    answers = at_once([lambda: block_person(blocker=alice, contact_id=contact_id)] * 5)

    assert answers == [bob] * 5
    assert Block.objects.count() == 1


def test_reading_on_many_devices_ends_at_the_furthest(room, alice, bob):
    for _number in range(20):
        say(alice, room)

    at_once([lambda n=n: mark_read(reader=bob, room_id=room.id, sequence=n) for n in range(1, 21)])

    assert Membership.objects.get(room=room, user=bob).read_sequence == 20
