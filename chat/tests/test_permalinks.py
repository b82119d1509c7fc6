"""Into the middle of a room: to a message by its permalink, to a day by its date."""

from datetime import UTC, datetime

import pytest

from chat.actions.messages import delete_message
from chat.models import Message
from chat.tests.situations import JSON, client_of, fill, say, sequences

HAS_OLDER, HAS_NEWER = " data-has-older", " data-has-newer"


@pytest.fixture
def client(alice):
    return client_of(alice)


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
