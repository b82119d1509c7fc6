"""Prepared statements give what their querysets give, and nothing of another's values."""

import uuid
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.actions.contacts import block_person, rename_contact
from chat.actions.messages import delete_message, edit_message
from chat.history import messages_after, messages_before, messages_since
from chat.models import Contact, Membership, Message, Room
from chat.models.membership import CappedCount
from chat.rows import MessageRow, RoomRow, as_time, as_uuid
from chat.sidebar import rooms_of
from chat.statements import Statement
from chat.tests.situations import befriend, contact_of, fill, say


def plain(row):
    """A row in the words of Python, whichever database it came from."""
    ids = {"room", "author", "client", "user", "peer", "contact", "last_author"}
    times = {"created", "edited", "deleted", "active", "last_created", "last_deleted"}
    times |= {"withheld_created", "withheld_deleted"}
    return tuple(
        value
        if value is None
        else as_uuid(value)
        if name in ids
        else as_time(value)
        if name in times
        else value
        for name, value in zip(row._fields, row, strict=True)
    )


@pytest.fixture
def eventful(room, alice, bob):
    """A conversation with all that can be in a row."""
    fill(room, [alice, bob], 30)
    edit_message(actor=bob, room_id=room.id, sequence=1, body="<edited>")
    delete_message(actor=alice, room_id=room.id, sequence=2)
    rename_contact(owner=alice, contact_id=contact_of(alice, bob).id, name="Uncle")
    block_person(blocker=bob, contact_id=contact_of(bob, alice).id)
    say(alice, room, "withheld")
    return room


def test_pages_of_messages_are_those_of_the_queryset(eventful, alice, bob):
    for user in (alice, bob):
        seen = Message.objects.filter(room=eventful).visible_to(user)

        def rows(queryset):
            return [plain(MessageRow(*row)) for row in queryset.rows()[:10]]

        def asked(found):
            return [plain(row) for row in found]

        assert asked(messages_before(user.id, eventful.id, None, 10))[::-1] == rows(seen.before())
        assert asked(messages_before(user.id, eventful.id, 20, 10))[::-1] == rows(seen.before(20))
        assert asked(messages_after(user.id, eventful.id, 5, 10)) == rows(seen.after(5))
        assert asked(messages_since(user.id, eventful.id, 27, 10)) == rows(seen.changed_since(27))


def test_a_row_is_what_its_message_is(eventful, alice):
    for row in messages_before(alice.id, eventful.id, None, 50):
        message = Message.objects.select_related("author").get(room=eventful, sequence=row.sequence)

        assert plain(row) == plain(MessageRow.of(message))


@pytest.mark.parametrize("query", ["", "uncle", "a.b", "(", "%s", "'"])
@pytest.mark.parametrize("opened", [False, True])
def test_the_list_of_rooms_is_that_of_the_queryset(eventful, alice, bob, mallory, query, opened):
    befriend(alice, mallory)
    for user in (alice, bob, mallory):
        requests = Contact.objects.requests_to(user).order_by().values("pk")
        rows = Membership.objects.of(user).exclude(room__kind=Room.Kind.EVENT)
        if query:
            rows = rows.titled_like(query)
        asked = rows.recent_first().rows().annotate(count=CappedCount(requests))
        current = eventful.id if opened else None

        found = [plain(row) for row in rooms_of(user, query, current, 10)]

        assert sorted(found, key=str) == sorted((plain(RoomRow(*row)) for row in asked), key=str)
        assert not query or len(found) < 2


@pytest.mark.django_db
def test_the_sql_is_made_once_and_values_stay_apart(alice, bob):
    made = []

    def build(user, name):
        made.append(user)
        return User.objects.filter(id=user, name=name).values_list("email")

    statement = Statement(build, user=UUID, name=str)
    hostile = "x' OR '1'='1"

    assert statement.rows(user=alice.id, name="Alice") == [(alice.email,)]
    assert statement.rows(user=bob.id, name="Bob") == [(bob.email,)]
    assert statement.rows(user=bob.id, name="Alice") == []
    assert statement.rows(user=alice.id, name=hostile) == []
    assert statement.rows(user=uuid.uuid4(), name="%s") == []
    assert len(made) == 1


@pytest.mark.django_db
def test_a_number_beyond_every_database_is_just_far_away(alice):
    statement = Statement(
        lambda number: Message.objects.filter(sequence__gt=number).values_list("id"), number=int
    )

    assert statement.rows(number=10**30) == []


def test_a_value_that_is_no_parameter_is_refused(db):
    statement = Statement(lambda limit: User.objects.values_list("id")[: limit % 7 + 1], limit=int)

    with pytest.raises(ValueError, match="not every value"):
        statement.rows(limit=3)


def test_statements_are_seen_by_whoever_counts_queries(room, alice):
    with CaptureQueriesContext(connection) as captured:
        rooms_of(alice, "", None, 10)

    assert len(captured) == 1
