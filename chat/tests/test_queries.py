"""Every list is an index query, and no page asks more because there is more."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import make_user
from chat.actions.contacts import add_contact
from chat.models import Membership, Message
from chat.sidebar import ROOMS_BESIDE, list_of
from chat.tests.situations import JSON, befriend, client_of, fill, say

# A session, a person, the rooms, the messages.
ROOM_PAGE = 4


@pytest.fixture
def client(alice):
    return client_of(alice)


def queries(client, path, **headers) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, **headers).status_code == 200
    return len(captured)


def busy(alice, rooms: int, messages: int) -> None:
    for number in range(rooms):
        friend = make_user(f"Friend {number}")
        fill(befriend(alice, friend), [alice, friend], messages)
    for number in range(rooms):
        stranger = make_user(f"Stranger {number}")
        add_contact(owner=stranger, name="Alice", email=alice.email, greeting="Hello")


@pytest.mark.parametrize("query", ["", "?before=60"])
def test_a_room_page_takes_four_queries_whatever_there_is(room, alice, bob, client, query):
    say(bob, room)
    assert queries(client, f"/rooms/{room.id}/{query}") <= ROOM_PAGE
    Message.objects.all().delete()
    fill(room, [alice, bob], 300)
    busy(alice, rooms=12, messages=60)

    assert queries(client, f"/rooms/{room.id}/{query}") <= ROOM_PAGE


def test_a_permalink_takes_one_more(room, alice, bob, client):
    fill(room, [alice, bob], 300)
    busy(alice, rooms=5, messages=10)

    assert queries(client, f"/rooms/{room.id}/messages/150/") <= ROOM_PAGE + 1


@pytest.mark.parametrize("path", ["/", "/rooms/", "/rooms/?q=friend", "/contacts/new/", "/contacts/blocked/"])
def test_pages_ask_the_same_number_of_queries_however_much_there_is(alice, client, path):
    busy(alice, rooms=2, messages=2)
    few = queries(client, path)
    for number in range(10):
        friend = make_user(f"Friend more {number}")
        fill(befriend(alice, friend), [alice, friend], 30)

    assert queries(client, path) == few <= 6


@pytest.mark.parametrize("query", ["", "before=200", "after=200", "since=200", "since=0&limit=100"])
def test_a_page_of_messages_takes_four_queries(room, alice, bob, client, query):
    fill(room, [alice, bob], 300)

    assert queries(client, f"/rooms/{room.id}/messages/?{query}", **JSON) <= 4


def test_the_room_page_is_small(room, alice, bob, client):
    words = "Most messages in a chat are as long as this one, or shorter."
    fill(room, [alice, bob], 80, body=words)
    for number in range(30):
        friend = make_user(f"Zoe Weber {number}")
        fill(befriend(alice, friend), [friend, alice], 3, body=words)

    page = client.get(f"/rooms/{room.id}/")

    assert page.text.count("<article") == 50
    assert page.text.count('class="room-row"') == ROOMS_BESIDE
    assert len(page.content) <= 60 * 1024


@pytest.fixture
def crowded(room, alice, bob):
    """Rooms with many messages, so that a planner sees a reason to use an index."""
    fill(room, [alice, bob], 2_000)
    for number in range(3):
        friend = make_user(f"Friend {number}")
        fill(befriend(alice, friend), [alice, friend], 1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return room


def plan(queryset) -> str:
    """How the database would find the rows: a plan without a scan of all messages."""
    options = {"format": "json"} if connection.vendor == "postgresql" else {}
    return queryset.explain(**options)


def assert_indexed(queryset) -> None:
    text = plan(queryset)
    if connection.vendor == "sqlite":
        assert not re.search(r"SCAN (?!.*USING (COVERING )?INDEX).*\bchat_message\b", text), text
        assert "SEARCH" in text, text
        assert "TEMP B-TREE FOR ORDER BY" not in text or "chat_membership" in text, text
        return
    for node in nodes(json.loads(text)[0]["Plan"]):
        if node.get("Relation Name") == "chat_message":
            assert node["Node Type"] != "Seq Scan", text


def nodes(node):
    yield node
    for below in node.get("Plans", []):
        yield from nodes(below)


def lists(room, user):
    visible = Message.objects.filter(room=room).visible_to(user)
    day = Message.objects.filter(room=room, sequence=1_000).get().created_at
    return {
        "newest": visible.before().rows()[:51],
        "before": visible.before(1_000).rows()[:51],
        "after": visible.after(1_000).rows()[:51],
        "since": visible.changed_since(1_900).rows()[:101],
        "date": visible.filter(created_at__gte=day).order_by("created_at", "sequence")[:1],
        "retry": Message.objects.filter(author=user, client_id=visible.first().client_id),
        "permalink": visible.filter(sequence=1_000),
        "unread": Membership.objects.of(user).with_unread().values("unread"),
        "inbox": Membership.objects.of(user).recent_first().rows()[:100],
    }


@pytest.mark.parametrize(
    "name", ["newest", "before", "after", "since", "date", "retry", "permalink", "unread", "inbox"]
)
def test_no_list_scans_the_messages(crowded, alice, name):
    assert_indexed(lists(crowded, alice)[name])


def test_the_pages_send_the_queries_that_were_explained(crowded, alice, client):
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/rooms/{crowded.id}/")
        client.get(f"/rooms/{crowded.id}/messages/?since=1900")
        client.get(f"/rooms/{crowded.id}/?date=2020-01-01")

    for query in captured:
        if '"chat_message"' in query["sql"] and query["sql"].startswith("SELECT"):
            explain_by_hand(query["sql"])


def explain_by_hand(sql: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
            text = "\n".join(str(row[3]) for row in cursor.fetchall())
            assert not re.search(r"SCAN (chat_message|U\d|T\d)\b", text), text
            return
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        for node in nodes(cursor.fetchone()[0][0]["Plan"]):
            assert (node["Node Type"], node.get("Relation Name")) != ("Seq Scan", "chat_message"), sql


def test_the_list_beside_a_page_is_one_query(room, alice, bob, django_assert_num_queries):
    say(bob, room)
    with django_assert_num_queries(1):
        rows = list_of(alice).rooms
        assert [(row.title, row.preview, row.unread, row.hue, row.contact_id) for row in rows]
