"""Pages of a room: no gap, no repeat, whichever way one goes."""

import json
import re
import uuid
from datetime import UTC, datetime

import pytest

from accounts.tests.people import make_user
from chat.actions.contacts import block_person
from chat.errors import NotFound
from chat.history import page_of
from chat.models import Message
from chat.render import message_json
from chat.tests.situations import HTMX, JSON, client_of, contact_of, fill, say, sequences

MANY = 10_000


@pytest.fixture
def client(alice):
    return client_of(alice)


def test_ten_thousand_messages_page_back_to_the_first_without_gap_or_repeat(room, alice, bob):
    fill(room, [alice, bob], MANY)
    found: list[int] = []
    before = None

    while True:
        page = page_of(alice, room.id, before=before, limit=100)
        numbers = [message.sequence for message in page.messages]
        assert numbers == sorted(numbers)
        found[:0] = numbers
        if not page.more:
            break
        before = numbers[0]

    assert found == list(range(1, MANY + 1))
    assert page_of(alice, room.id, before=1).messages == []


@pytest.mark.parametrize("character", ["x", "\N{SMILING FACE WITH SMILING EYES}", "&", '"'])
def test_pages_of_long_messages_are_frames_that_clients_take(character, room, alice, bob):
    fill(room, [alice, bob], 40, "%d " + character * 3_990)
    answers = {
        way: [page_of(alice, room.id, limit=100, **asked)]
        for way, asked in (("since", {"since": 0}), ("after", {"after": 0}), ("before", {}))
    }
    for way, pages in answers.items():
        while pages[-1].more:
            last = pages[-1].messages[0 if way == "before" else -1].sequence
            assert way != "since" or last == pages[-1].revision
            pages.append(page_of(alice, room.id, limit=100, **{way: last}))
        numbers = [message.sequence for page in pages for message in sorted(page.messages)]
        assert sorted(numbers) == list(range(1, 41))
        for page in pages:
            answer = json.dumps([message_json(message) for message in page.messages], ensure_ascii=False)
            assert len(answer.encode()) < 2**20


def test_the_room_opens_with_the_newest_fifty_and_leads_back_page_by_page(room, alice, bob, client):
    fill(room, [alice, bob], 120)
    url, seen = f"/rooms/{room.id}/", []

    while url:
        page = client.get(url)
        shown = sequences(page.text)
        assert shown == sorted(shown)
        assert len(shown) <= 50
        seen[:0] = shown
        older = re.search(r'<a class="older" href="([^"]+)"', page.text)
        url = older and older[1]

    assert seen == list(range(1, 121))


def test_pages_forward_have_no_gap_or_repeat(room, alice, bob, client):
    fill(room, [alice, bob], 230)
    found: list[int] = []

    while True:
        after = found[-1] if found else 0
        answer = client.get(f"/rooms/{room.id}/messages/?after={after}&limit=30", **JSON).json()
        found += [message["sequence"] for message in answer["messages"]]
        if not answer["more"]:
            break

    assert found == list(range(1, 231))


def test_new_messages_do_not_shift_the_pages_of_who_reads_back(room, alice, bob):
    fill(room, [alice, bob], 60)
    first = page_of(alice, room.id, limit=30)
    say(bob, room, "meanwhile")

    second = page_of(alice, room.id, before=first.messages[0].sequence, limit=30)

    assert [message.sequence for message in second.messages] == list(range(1, 31))
    assert second.more is False


@pytest.mark.parametrize(
    ("limit", "count"), [(None, 50), (1, 1), (100, 100), (101, 100), (10**17, 100), (0, 50)]
)
def test_a_page_has_at_most_a_hundred_messages(room, alice, bob, client, limit, count):
    fill(room, [alice, bob], 150)
    query = "" if limit is None else f"?limit={limit}"

    answer = client.get(f"/rooms/{room.id}/messages/{query}", **JSON).json()

    assert [message["sequence"] for message in answer["messages"]] == list(range(151 - count, 151))
    assert answer["more"] is True


@pytest.mark.parametrize(
    "value", ["", "x", "-1", "1.5", "1e3", "١", "0x1", " 1", "9" * 19, "9" * 5_000, "1\x00"]
)
@pytest.mark.parametrize("name", ["since", "before", "after", "limit"])
def test_a_bad_number_is_refused_and_named(room, client, name, value):
    response = client.get(f"/rooms/{room.id}/messages/", {name: value}, **JSON)

    assert response.status_code == 422
    assert response.json()["error"] == {
        "code": "invalid",
        "message": f"{name} must be a whole number",
        "field": name,
    }


def test_a_bad_number_on_the_room_page_is_refused_too(room, client):
    assert client.get(f"/rooms/{room.id}/?before=x").status_code == 422


def test_the_largest_numbers_are_just_far_away(room, alice, client):
    say(alice, room)

    for name in ("since", "after"):
        answer = client.get(f"/rooms/{room.id}/messages/?{name}={'9' * 18}", **JSON).json()
        assert answer["messages"] == []
    assert len(client.get(f"/rooms/{room.id}/messages/?before={'9' * 18}", **JSON).json()["messages"]) == 1


def test_nothing_to_tell_is_204_for_htmx_and_an_empty_list_for_json(room, client):
    url = f"/rooms/{room.id}/messages/?since=0"

    fragment, answer = client.get(url, **HTMX), client.get(url, **JSON)

    assert (fragment.status_code, fragment.content) == (204, b"")
    assert answer.json() == {"room": str(room.id), "revision": 0, "head": 0, "more": False, "messages": []}


def test_a_fragment_is_articles_and_nothing_else(room, alice, bob, client):
    say(alice, room, "one")
    say(bob, room, "two")

    text = client.get(f"/rooms/{room.id}/messages/", **HTMX).text

    assert sequences(text) == [1, 2]
    assert text.startswith("<article")
    assert text.endswith("</article>")
    assert text.count("data-own") == 1


def test_outsiders_get_no_page(room, mallory):
    with pytest.raises(NotFound):
        page_of(mallory, room.id)
    with pytest.raises(NotFound):
        page_of(mallory, uuid.uuid4(), since=0)


def test_what_was_withheld_leaves_no_hole_in_paging(room, alice, bob):
    for number in range(30):
        say(bob, room, f"{number}")
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    for number in range(60):
        say(bob, room, f"withheld {number}")

    newest = page_of(alice, room.id, limit=20)
    rest = page_of(alice, room.id, before=newest.messages[0].sequence, limit=20)

    assert [message.sequence for message in rest.messages + newest.messages] == list(range(1, 31))
    assert rest.more is False


def test_times_have_a_zone_and_milliseconds(room, alice, client):
    say(alice, room)
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    Message.objects.update(created_at=moment)

    answer = client.get(f"/rooms/{room.id}/messages/", **JSON).json()["messages"][0]

    assert datetime.fromisoformat(answer["created_at"]) == moment
    assert 'datetime="2026-01-02T03:04:05.678Z"' in answer["html"]


def test_the_same_article_whoever_looks(room, alice, bob):
    make_user("Zoe")
    say(alice, room, "hello https://example.org")
    url = f"/rooms/{room.id}/messages/"

    mine, theirs = (client_of(person).get(url, **JSON).json()["messages"] for person in (alice, bob))

    assert mine == theirs


def test_opening_the_address_of_messages_shows_the_room(room, alice):
    response = client_of(alice).get(f"/rooms/{room.id}/messages/", HTTP_SEC_FETCH_MODE="navigate")

    assert (response.status_code, response["Location"]) == (303, f"/rooms/{room.id}/")
