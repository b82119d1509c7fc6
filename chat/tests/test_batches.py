"""Many messages in one transaction: each has its own fate, and each room its one order."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import make_user
from chat.actions import sql
from chat.actions.contacts import block_person
from chat.actions.messages import Posting, post_messages
from chat.errors import ChatError
from chat.models import Membership, Message
from chat.realtime.groups import room_group, user_group
from chat.tests.situations import JSON, at_once, befriend, client_of, contact_of, say


@pytest.fixture
def other_room(alice, mallory):
    return befriend(alice, mallory)


def posting(author, room, body="Hello", **fields):
    client_id = fields.pop("client_id", None) or uuid.uuid4()
    return Posting(author.id, room.id, client_id, body, **fields)


def told(outcomes):
    """What became of each posting: the sequence of its message, or the code of the refusal."""
    return [outcome.code if isinstance(outcome, ChatError) else outcome.sequence for outcome in outcomes]


def statements(work):
    """How many statements some work takes, without those that begin and end transactions."""
    with CaptureQueriesContext(connection) as captured:
        work()
    ends = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return len([query for query in captured if not query["sql"].startswith(ends)])


def test_each_room_numbers_its_messages_in_the_order_they_came(room, other_room, alice, bob, mallory):
    said = [(alice, room), (mallory, other_room), (bob, room), (alice, other_room), (alice, room)]

    outcomes = post_messages(posting(author, to, f"{n}") for n, (author, to) in enumerate(said))

    assert told(outcomes) == [1, 1, 2, 2, 3]
    assert [(message.author, message.body) for message in outcomes] == [
        (author, f"{n}") for n, (author, _to) in enumerate(said)
    ]
    for each, words in ((room, ["0", "2", "4"]), (other_room, ["1", "3"])):
        each.refresh_from_db()
        assert [message.body for message in each.messages.order_by("sequence")] == words
        assert (each.revision, each.last_message.body) == (len(words), words[-1])
        assert each.active_at == each.last_message.created_at


def test_what_is_returned_is_what_is_stored(room, alice):
    [returned] = post_messages([posting(alice, room, "See https://a.org/ & more")])

    stored = Message.objects.get(pk=returned.pk)
    for field in Message._meta.concrete_fields:
        assert getattr(returned, field.attname) == getattr(stored, field.attname), field.name
    assert returned.author.name == "Alice"


def test_one_refusal_is_nothing_to_the_others(room, other_room, alice, bob, mallory):
    gone = make_user("Gone")
    his_room = befriend(alice, gone)
    gone.is_active = False
    gone.save()
    block_person(blocker=mallory, contact_id=contact_of(mallory, alice).id)
    used = say(alice, other_room)

    outcomes = post_messages(
        [
            posting(alice, room, "one"),
            posting(mallory, room, "not a member"),
            posting(alice, room, " \n"),
            posting(mallory, other_room, "blocks alice"),
            posting(alice, room, "used elsewhere", client_id=used.client_id),
            posting(bob, room, "answers nothing", reply_to=99),
            posting(gone, his_room, "not active"),
            posting(bob, room, "two"),
        ]
    )

    assert told(outcomes) == [1, "not_found", "invalid", "closed", "conflict", "not_found", "not_found", 2]
    assert [message.body for message in room.messages.order_by("sequence")] == ["one", "two"]
    assert other_room.messages.count() == 1
    assert not his_room.messages.exists()


def test_the_same_client_id_twice_is_one_message(room, other_room, alice, bob):
    client_id = uuid.uuid4()
    twice = posting(alice, room, client_id=client_id)

    outcomes = post_messages(
        [
            twice,
            posting(alice, other_room, client_id=client_id),
            twice,
            posting(bob, room, client_id=client_id),
        ]
    )

    assert told(outcomes) == [1, "conflict", 1, 2]
    assert outcomes[0] is outcomes[2]


def test_retries_among_new_messages_change_nothing(room, alice, bob):
    first = say(alice, room, "first")
    retry = posting(alice, room, "first, edited before the retry", client_id=first.client_id)

    outcomes = post_messages([posting(bob, room), retry, posting(alice, room)])

    assert told(outcomes) == [2, 1, 3]
    assert (outcomes[1], outcomes[1].body) == (first, "first")


def test_who_sent_it_before_gets_it_again_even_if_they_could_not_send_it_now(room, alice, bob):
    first, question = say(alice, room), say(bob, room)
    answer = say(alice, room, "because", reply_to=question.sequence)
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)

    for message, reply_to in ((first, None), (answer, 99)):
        again = posting(alice, room, client_id=message.client_id, reply_to=reply_to)
        assert post_messages([again]) == [message]


@pytest.mark.parametrize("many", [1, 3])
def test_a_client_id_that_is_used_meanwhile_spoils_nothing(room, alice, bob, monkeypatch, many):
    """Between the look and the insert somebody else may post it in a room with another lock."""
    first = say(alice, room, "first")
    look = sql.messages_named
    answers = iter([[]])
    monkeypatch.setattr(sql, "messages_named", lambda *asked: next(answers, None) or look(*asked))

    outcomes = post_messages(
        [posting(alice, room, client_id=first.client_id), *(posting(bob, room) for _n in range(many - 1))]
    )

    assert told(outcomes) == [1, *range(2, many + 1)]
    room.refresh_from_db()
    assert room.revision == room.messages.count() == many


def test_a_client_id_that_stays_used_meanwhile_is_a_conflict(room, alice, monkeypatch):
    first = say(alice, room)
    monkeypatch.setattr(sql, "messages_named", lambda *asked: [])

    assert told(post_messages([posting(alice, room, client_id=first.client_id)])) == ["conflict"]
    assert room.messages.count() == 1


def test_replies_reach_what_their_author_can_see_alone(room, other_room, alice, bob, mallory):
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    hidden = say(bob, room, "do you hear me?")
    there = say(mallory, other_room)

    outcomes = post_messages(
        [
            posting(bob, room, reply_to=hidden.sequence),
            posting(mallory, other_room, reply_to=there.sequence),
            posting(alice, other_room, reply_to=7),
        ]
    )

    assert told(outcomes) == [2, 2, "not_found"]
    assert [message.reply_to for message in outcomes[:2]] == [hidden, there]


@pytest.mark.django_db(transaction=True)
def test_events_leave_in_order_and_withheld_ones_to_their_author_alone(
    room, other_room, alice, bob, mallory, published
):
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    heard = say(bob, room, "first")
    published.clear()

    post_messages(
        [posting(bob, room, "one"), posting(mallory, other_room, "two"), posting(bob, room, "three")]
    )

    assert [(group, event["revision"]) for group, event in published] == [
        (user_group(bob.id), 2),
        (room_group(other_room.id), 1),
        (user_group(bob.id), 3),
    ]
    room.refresh_from_db()
    assert (room.revision, room.last_message) == (3, None)
    assert Membership.objects.get(room=room, user=bob).withheld.sequence == heard.sequence + 2


def test_a_batch_takes_no_more_statements_than_one(room, other_room, alice, bob, mallory):
    places = [(alice, room), (bob, room), (mallory, other_room)] * 20
    some = [posting(who, to) for who, to in places]

    assert statements(lambda: post_messages(some)) == 4
    assert statements(lambda: post_messages(some)) == 3
    assert Message.objects.count() == 60


@pytest.mark.parametrize("reply", [False, True])
def test_a_post_takes_at_most_five_statements(room, alice, bob, reply):
    question = say(bob, room)
    statement_count = statements(
        lambda: say(alice, room, reply_to=question.sequence) if reply else say(alice, room)
    )

    assert statement_count == (5 if reply else 3)


def test_a_post_by_form_takes_at_most_five_statements_with_session_and_person(room, alice):
    client = client_of(alice)
    form = {"client_id": uuid.uuid4(), "body": "hello"}

    assert statements(lambda: client.post(f"/rooms/{room.id}/messages/", form, **JSON)) <= 5
    assert room.messages.count() == 1


def test_nothing_to_post_is_no_statement(db):
    assert statements(lambda: post_messages([])) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("published")
def test_batches_in_the_same_rooms_at_once_wait_for_each_other(room, other_room, alice, bob, mallory):
    rooms = [(alice, room), (mallory, other_room), (bob, room), (alice, other_room)]
    batches = [rooms if number % 2 else rooms[::-1] for number in range(12)]

    answers = at_once(
        [lambda batch=batch: post_messages(posting(who, to) for who, to in batch) for batch in batches]
    )

    assert [len(answer) for answer in answers] == [4] * 12
    for each in (room, other_room):
        sequences = [
            message.sequence for answer in answers for message in answer if message.room_id == each.id
        ]
        assert sorted(sequences) == list(range(1, 25))
        each.refresh_from_db()
        assert (each.revision, each.last_message.sequence) == (24, 24)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("published")
def test_retries_in_batches_at_once_make_one_row_each(room, other_room, alice, bob, mallory):
    some = [posting(who, to) for who, to in ((alice, room), (bob, room), (mallory, other_room))]

    answers = at_once([lambda n=n: post_messages(some if n % 2 else some[::-1]) for n in range(20)])

    assert Message.objects.count() == 3
    assert {len({message.pk for message in answer}) for answer in answers} == {3}
