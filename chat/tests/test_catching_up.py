"""Asking for what has changed since a revision ends in what a fresh load shows."""

import random

import pytest
from django.utils import timezone

from chat.actions.messages import delete_message, edit_message
from chat.models import Message, Room
from chat.tests.situations import JSON, client_of, fill, say


@pytest.fixture
def client(alice):
    return client_of(alice)


class Copy:
    """What a page holds: articles by sequence, and the cursor."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.cursor = 0
        self.articles: dict[int, dict[str, object]] = {}
        self.pages = 0

    def catch_up(self, client, limit: int = 100) -> None:
        more = True
        while more:
            url = f"/rooms/{self.room.id}/messages/?since={self.cursor}&limit={limit}"
            answer = client.get(url, **JSON).json()
            for message in answer["messages"]:
                self.articles[message["sequence"]] = message
            more, self.cursor = answer["more"], answer["revision"]
            assert not more or answer["messages"]
            self.pages += 1


def fresh(room: Room, client) -> dict[int, dict[str, object]]:
    """What a new page holds once it has gone back to the first message."""
    articles: dict[int, dict[str, object]] = {}
    before, more = 10**15, True
    while more:
        url = f"/rooms/{room.id}/messages/?before={before}&limit=100"
        answer = client.get(url, **JSON).json()
        articles |= {message["sequence"]: message for message in answer["messages"]}
        more = answer["more"]
        before = min(articles, default=0)
    return articles


@pytest.mark.parametrize("gap", [1, 40, 300])
def test_catching_up_equals_a_fresh_load(room, alice, bob, client, gap):
    chance = random.Random(gap)
    for number in range(30):
        say(chance.choice([alice, bob]), room, f"old {number}")
    copy = Copy(room)
    copy.catch_up(client, limit=7)
    for number in range(gap):
        change_something(room, chance, [alice, bob], number)

    copy.catch_up(client)

    assert copy.articles == fresh(room, client)
    room.refresh_from_db()
    assert copy.cursor == room.revision == 30 + gap


def change_something(room, chance, people, number):
    """Post, edit or delete: exactly one revision more."""
    what = chance.random()
    mine = Message.objects.filter(room=room, deleted_at=None).order_by("sequence")
    if what < 0.5 or not mine.exists():
        say(chance.choice(people), room, f"new {number}")
        return
    message = mine[chance.randrange(mine.count())]
    where = {"actor": message.author, "room_id": room.id, "sequence": message.sequence}
    if what < 0.8:
        edit_message(body=f"edited {number}", **where)
    else:
        delete_message(**where)


def test_catching_up_on_five_thousand_changes_equals_a_fresh_load(room, alice, bob, client):
    fill(room, [alice, bob], 3_000)
    copy = Copy(room)
    copy.catch_up(client)
    # Every third old message is edited or deleted, then new ones come.
    changed = list(Message.objects.filter(room=room).order_by("sequence")[::3])
    for revision, message in enumerate(changed, start=3_001):
        message.revision = revision
        if revision % 2:
            message.body = message.body_html = "edited"
            message.edited_at = timezone.now()
        else:
            message.body = message.body_html = ""
            message.deleted_at = timezone.now()
    fields = ["revision", "body", "body_html", "edited_at", "deleted_at"]
    Message.objects.bulk_update(changed, fields, batch_size=150)
    Message.objects.bulk_create(
        Message(room=room, author=bob, sequence=number, revision=number, body="new", body_html="new")
        for number in range(3_001 + len(changed), 8_001)
    )
    Room.objects.filter(pk=room.pk).update(revision=8_000)
    copy.pages = 0

    copy.catch_up(client)

    assert copy.cursor == 8_000
    assert copy.pages == 50
    assert copy.articles == fresh(room, client)


def test_an_answer_that_is_not_the_last_has_the_cursor_of_its_last_message(room, alice, client):
    for _number in range(5):
        say(alice, room)

    first = client.get(f"/rooms/{room.id}/messages/?since=0&limit=2", **JSON).json()

    assert (first["revision"], first["head"], first["more"]) == (2, 5, True)


def test_a_message_changed_twice_comes_once_as_it_is_now(room, alice, client):
    say(alice, room, "one")
    edit_message(actor=alice, room_id=room.id, sequence=1, body="two")
    edit_message(actor=alice, room_id=room.id, sequence=1, body="three")

    messages = client.get(f"/rooms/{room.id}/messages/?since=1", **JSON).json()["messages"]

    assert [(message["revision"], message["body"]) for message in messages] == [(3, "three")]
