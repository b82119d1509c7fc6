"""Posting, editing and deleting: what the actions promise whoever calls them."""

import uuid

import pytest
from django.db import transaction

from chat.actions.contacts import block_person
from chat.actions.messages import delete_message, edit_message, post_message
from chat.errors import Conflict, Forbidden, Invalid, NotFound
from chat.models import Message, MessageEdit
from chat.realtime.groups import room_group, user_group
from chat.tests.situations import befriend, contact_of, say


def test_messages_of_a_room_are_numbered_one_by_one(room, alice, bob):
    said = [say(author, room, body) for author, body in ((alice, "one"), (bob, "two"), (alice, "three"))]

    assert [(message.sequence, message.revision) for message in said] == [(1, 1), (2, 2), (3, 3)]
    room.refresh_from_db()
    assert (room.revision, room.last_message.body) == (3, "three")


def test_a_retry_returns_the_first_message(room, alice):
    client_id = uuid.uuid4()
    first = say(alice, room, "once", client_id=client_id)
    say(alice, room, "another")

    again = say(alice, room, "once, but edited before the retry", client_id=client_id)

    assert again == first
    assert again.body == "once"
    assert Message.objects.count() == 2


def test_a_retry_after_deleting_brings_nothing_back(room, alice):
    first = say(alice, room, "regretted", client_id=(client_id := uuid.uuid4()))
    delete_message(actor=alice, room_id=room.id, sequence=first.sequence)

    again = say(alice, room, "regretted", client_id=client_id)

    assert again.deleted_at
    assert again.body == ""
    assert Message.objects.count() == 1


def test_two_people_may_use_the_same_client_id(room, alice, bob):
    client_id = uuid.uuid4()

    assert say(alice, room, client_id=client_id) != say(bob, room, client_id=client_id)


def test_a_client_id_belongs_to_one_room(room, alice, mallory):
    other_room = befriend(alice, mallory)
    client_id = uuid.uuid4()
    say(alice, room, client_id=client_id)

    with pytest.raises(Conflict):
        say(alice, other_room, client_id=client_id)
    assert not other_room.messages.exists()


def test_an_outsider_posts_edits_and_deletes_nothing(room, alice, mallory):
    message = say(alice, room)
    where = {"room_id": room.id}

    with pytest.raises(NotFound):
        post_message(author=mallory, client_id=uuid.uuid4(), body="hi", **where)
    with pytest.raises(NotFound):
        edit_message(actor=mallory, sequence=message.sequence, body="hi", **where)
    with pytest.raises(NotFound):
        delete_message(actor=mallory, sequence=message.sequence, **where)
    assert [message.body for message in room.messages.all()] == ["Hello"]


def test_an_edit_keeps_the_place_and_what_was_said_before(room, alice, bob):
    message = say(alice, room, "helo")
    say(bob, room, "hm?")

    edited = edit_message(actor=alice, room_id=room.id, sequence=message.sequence, body="hello")

    assert (edited.sequence, edited.revision, edited.body) == (1, 3, "hello")
    assert edited.edited_at
    assert [edit.body for edit in MessageEdit.objects.filter(message=message)] == ["helo"]


def test_an_edit_that_changes_nothing_leaves_no_trace(room, alice):
    message = say(alice, room, "hello")

    edited = edit_message(actor=alice, room_id=room.id, sequence=message.sequence, body="  hello ")

    assert (edited.revision, edited.edited_at) == (message.revision, None)
    assert not MessageEdit.objects.exists()


def test_deleting_leaves_a_tombstone_without_words(room, alice):
    message = say(alice, room, "secret")
    edit_message(actor=alice, room_id=room.id, sequence=1, body="very secret")

    stone = delete_message(actor=alice, room_id=room.id, sequence=message.sequence)

    assert (stone.body, stone.body_html) == ("", "")
    assert (stone.sequence, stone.revision) == (1, 3)
    assert not MessageEdit.objects.exists()


def test_deleting_again_is_harmless(room, alice):
    say(alice, room)
    first = delete_message(actor=alice, room_id=room.id, sequence=1)

    assert delete_message(actor=alice, room_id=room.id, sequence=1).revision == first.revision


def test_a_deleted_message_cannot_be_edited(room, alice):
    say(alice, room)
    delete_message(actor=alice, room_id=room.id, sequence=1)

    with pytest.raises(NotFound):
        edit_message(actor=alice, room_id=room.id, sequence=1, body="back")


def test_others_messages_cannot_be_changed(room, alice, bob):
    say(alice, room, "mine")

    with pytest.raises(Forbidden):
        edit_message(actor=bob, room_id=room.id, sequence=1, body="not yours")
    with pytest.raises(Forbidden):
        delete_message(actor=bob, room_id=room.id, sequence=1)
    assert room.messages.get().body == "mine"


def test_a_reply_knows_what_it_answers(room, alice, bob):
    question = say(alice, room, "why?")

    assert say(bob, room, "because", reply_to=question.sequence).reply_to == question


def test_a_reply_to_nothing_is_refused(room, alice):
    with pytest.raises(NotFound):
        say(alice, room, reply_to=99)
    assert not room.messages.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_post_leaves_nothing_and_tells_nobody(room, alice, published):
    published.clear()

    with transaction.atomic():
        say(alice, room, "never")
        transaction.set_rollback(True)

    assert published == []
    assert not Message.objects.exists()
    room.refresh_from_db()
    assert (room.revision, room.last_message) == (0, None)
    assert say(alice, room).sequence == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_leaves_only_after_the_commit(room, alice, published):
    published.clear()

    with transaction.atomic():
        message = say(alice, room, "soon")
        assert published == []

    [(group, event)] = published
    assert group == room_group(room.id)
    assert (event["name"], event["revision"]) == ("message.created", message.revision)
    assert 'id="m-1"' in event["html"]


@pytest.mark.django_db(transaction=True)
def test_edits_deletes_and_retries_are_told_once_each(room, alice, published):
    published.clear()
    message = say(alice, room, "one", client_id=(client_id := uuid.uuid4()))
    say(alice, room, "one", client_id=client_id)
    edit_message(actor=alice, room_id=room.id, sequence=message.sequence, body="two")
    delete_message(actor=alice, room_id=room.id, sequence=message.sequence)
    delete_message(actor=alice, room_id=room.id, sequence=message.sequence)

    assert [event["name"] for _group, event in published] == [
        "message.created",
        "message.edited",
        "message.deleted",
    ]
    assert "two" not in str(published[-1])


@pytest.mark.django_db(transaction=True)
def test_a_post_stays_when_nobody_can_be_told(room, alice, monkeypatch):
    def broken(group: str, event: object) -> None:
        raise ConnectionError("no layer")

    monkeypatch.setattr("chat.realtime.publisher.publish", broken)

    assert say(alice, room).sequence == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_withheld_message_is_told_to_its_author_alone(room, alice, bob, published):
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    published.clear()

    say(bob, room, "do you hear me?")

    assert {group for group, _event in published} == {user_group(bob.id)}


@pytest.mark.parametrize(
    "body", ["", "   ", "\n\t ", "\u200b\u200d\ufeff", "\u00ad", "\x00\x07", "\u2800", "\u3164"]
)
def test_a_message_without_visible_words_is_empty(room, alice, body):
    with pytest.raises(Invalid) as refusal:
        say(alice, room, body)
    assert (refusal.value.message, refusal.value.field) == ("message is empty", "body")
