"""Pages of a room: no gap, no repeat, whichever way one goes, and catching up equals a fresh load."""

import json
import random
import re
import uuid
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from accounts.tests.people import make_user
from chat.actions.contacts import block_person
from chat.actions.messages import delete_message, edit_message
from chat.errors import NotFound
from chat.history import page_of
from chat.models import Message, Room
from chat.render import message_json
from chat.tests.situations import HTMX, JSON, client_of, contact_of, fill, say

MANY = 10_000
HAS_OLDER, HAS_NEWER = " data-has-older", " data-has-newer"


@pytest.fixture
def client(alice):
    return client_of(alice)


def sequences(markup: str) -> list[int]:
    return [int(number) for number in re.findall(r'<article [^>]*data-sequence="(\d+)"', markup)]


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


def test_a_permalink_shows_the_message_among_its_neighbours(room, alice, bob, client):
    fill(room, [alice, bob], 200)

    page = client.get(f"/rooms/{room.id}/messages/100/")

    assert sequences(page.text) == list(range(75, 125))
    assert 'data-around="100"' in page.text
    assert (HAS_OLDER in page.text, HAS_NEWER in page.text) == (True, True)


@pytest.mark.parametrize(("sequence", "shown"), [(1, (1, 25)), (200, (175, 200))])
def test_a_permalink_at_an_end_knows_that_there_is_no_more(room, alice, bob, client, sequence, shown):
    fill(room, [alice, bob], 200)

    page = client.get(f"/rooms/{room.id}/messages/{sequence}/")

    assert (sequences(page.text)[0], sequences(page.text)[-1]) == shown
    assert (HAS_OLDER in page.text) is (sequence > 1)
    assert (HAS_NEWER in page.text) is (sequence < 200)


def test_a_permalink_of_a_deleted_message_shows_its_tombstone(room, alice, client):
    say(alice, room, "secret")
    delete_message(actor=alice, room_id=room.id, sequence=1)

    page = client.get(f"/rooms/{room.id}/messages/1/")

    assert page.status_code == 200
    assert "Message deleted" in page.text
    assert "secret" not in page.text


def test_a_permalink_to_nothing_is_not_found(room, alice, client):
    say(alice, room)

    for sequence in (0, 2, 99):
        assert client.get(f"/rooms/{room.id}/messages/{sequence}/").status_code == 404


@pytest.fixture
def november(room, alice):
    """Three messages on 1, 5 and 9 November, at one in the morning UTC."""
    for number, day in enumerate((1, 5, 9), start=1):
        say(alice, room)
        Message.objects.filter(sequence=number).update(created_at=datetime(2025, 11, day, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "leads_to"),
    [
        ("2025-11-05", "messages/2/"),
        ("2025-11-02", "messages/2/"),
        ("2025-10-01", "messages/1/"),
        ("2025-11-09", "messages/3/"),
        ("2025-11-10", ""),
        ("0001-01-01", "messages/1/"),
        ("9999-12-31", ""),
    ],
)
def test_a_date_leads_to_the_first_message_from_that_day_on(room, november, client, day, leads_to):
    response = client.get(f"/rooms/{room.id}/?date={day}")

    assert (response.status_code, response["Location"]) == (302, f"/rooms/{room.id}/{leads_to}")


@pytest.mark.parametrize(
    "day", ["", "today", "2025-13-01", "2025-02-30", "20251101x", "1e9", "2025-11-05\x00"]
)
def test_a_date_that_is_none_is_refused(room, client, day):
    response = client.get(f"/rooms/{room.id}/", {"date": day}, **JSON)

    assert response.status_code == 422
    assert response.json()["error"]["field"] == "date"


def test_a_date_in_somebody_elses_room_is_not_found(room, november, mallory):
    assert client_of(mallory).get(f"/rooms/{room.id}/?date=2025-11-05").status_code == 404


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
