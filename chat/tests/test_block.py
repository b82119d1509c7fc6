"""A block holds on every path, and nothing tells the blocked person."""

import pytest

from chat.actions.contacts import accept_contact, add_contact, block_person, unblock_person
from chat.actions.messages import edit_message
from chat.errors import Closed, NotFound
from chat.history import page_of
from chat.models import Block, Contact, Membership, Room
from chat.tests.situations import (
    HTMX,
    JSON,
    befriend,
    client_of,
    contact_of,
    requests_waiting,
    rooms_shown,
    row_of,
    say,
)


@pytest.fixture
def blocked(room, alice, bob):
    """alice blocks bob, after both have said something."""
    say(alice, room, "before")
    say(bob, room, "before too")
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    return Block.objects.get()


def test_blocking_asks_first_and_then_leads_to_the_list_of_blocked_people(room, alice, bob):
    client = client_of(alice)
    url = f"/contacts/{contact_of(alice, bob).id}/block/"

    assert client.get(url).status_code == 200
    assert not Block.objects.exists()
    response = client.post(url)

    assert (response.status_code, response["Location"]) == (303, "/contacts/blocked/")
    assert "Bob" in client.get("/contacts/blocked/").text


def test_blocking_twice_is_one_block(blocked, alice, bob):
    assert client_of(alice).post(f"/contacts/{contact_of(alice, bob).id}/block/").status_code == 303
    assert Block.objects.count() == 1


@pytest.mark.parametrize("way", ["contact", "list"])
def test_unblocking_has_two_ways_and_twice_is_harmless(blocked, alice, bob, way):
    contact = contact_of(alice, bob)
    path = f"/contacts/{contact.id}/unblock/" if way == "contact" else f"/contacts/blocked/{bob.id}/unblock/"

    assert client_of(alice).post(path).status_code == 303
    assert not Block.objects.exists()
    assert client_of(alice).post(path).status_code in (303, 404)


def test_the_list_shows_ones_own_blocks_alone(blocked, bob, mallory):
    for other in (bob, mallory):
        page = client_of(other).get("/contacts/blocked/")
        assert list(page.context["blocks"]) == []


def test_nobody_lifts_a_block_of_another(blocked, bob, mallory):
    for other in (bob, mallory):
        assert client_of(other).post(f"/contacts/blocked/{bob.id}/unblock/").status_code == 404
    assert Block.objects.exists()


def test_a_request_of_a_blocked_person_disappears_and_can_be_blocked_again_or_reported(alice, mallory):
    request = add_contact(owner=mallory, name="Alice", email=alice.email, greeting="Hello you")
    client = client_of(alice)

    for _time in range(2):
        assert client.post(f"/contacts/{request.id}/block/").status_code == 303

    assert requests_waiting(client.get("/")) == 0
    assert not client.get("/contacts/").context["requests"]
    assert client.get(f"/contacts/{request.id}/reports/").status_code == 200
    with pytest.raises(NotFound):
        accept_contact(actor=alice, contact_id=request.id)


def test_a_request_of_somebody_blocked_before_never_shows(blocked, alice, bob):
    Contact.objects.filter(owner=bob).delete()
    add_contact(owner=bob, name="Alice", email=alice.email, greeting="Please")

    assert not Contact.objects.requests_to(alice).exists()
    assert requests_waiting(client_of(alice).get("/")) == 0


def test_after_unblocking_the_request_is_there_again(alice, mallory):
    request = add_contact(owner=mallory, name="Alice", email=alice.email)
    block_person(blocker=alice, contact_id=request.id)

    unblock_person(blocker=alice, person=mallory)

    assert list(Contact.objects.requests_to(alice)) == [request]


def test_the_blocked_persons_words_are_for_their_eyes_alone(blocked, room, alice, bob):
    message = say(bob, room, "do you hear me?")
    where = f"/rooms/{room.id}/"

    assert message.withheld
    for path, headers in [
        (where, {}),
        (f"{where}?before=99", {}),
        (f"{where}messages/", HTMX),
        (f"{where}messages/", JSON),
        (f"{where}messages/?since=0", JSON),
        (f"{where}messages/?after=1", JSON),
        (f"{where}messages/?before=99", JSON),
    ]:
        assert "do you hear me?" in client_of(bob).get(path, **headers).text, path
        assert "do you hear me?" not in client_of(alice).get(path, **headers).text, path
    assert client_of(bob).get(message.get_absolute_url()).status_code == 200
    assert client_of(alice).get(message.get_absolute_url()).status_code == 404


def test_the_list_of_rooms_does_not_give_the_words_away(blocked, room, alice, bob):
    before = row_of(alice, room)
    say(bob, room, "do you hear me?")

    row = row_of(alice, room)

    assert (row.preview, row.unread) == ("before too", 1) == (before.preview, before.unread)
    assert row.active_at == before.active_at
    assert "do you hear me?" not in client_of(alice).get("/").text


def test_a_withheld_message_still_moves_the_cursor(blocked, room, alice, bob):
    say(bob, room, "one")
    say(bob, room, "two")

    page = page_of(alice, room.id, since=2)

    assert page.messages == []
    assert (page.revision, page.head, page.more) == (4, 4, False)


def test_who_blocks_cannot_write_until_they_unblock(blocked, room, alice, bob):
    with pytest.raises(Closed):
        say(alice, room, "hm")
    page = client_of(alice).get(f"/rooms/{room.id}/")
    assert "You blocked this person" in page.text
    assert "<textarea" not in page.text

    unblock_person(blocker=alice, person=bob)

    assert not say(alice, room, "hello again").withheld
    assert not say(bob, room, "oh!").withheld


def test_what_was_withheld_stays_withheld_after_unblocking(blocked, room, alice, bob):
    say(bob, room, "rude words")
    unblock_person(blocker=alice, person=bob)

    assert "rude words" not in client_of(alice).get(f"/rooms/{room.id}/").text


@pytest.mark.parametrize("last", [True, False])
def test_what_was_said_before_brings_no_new_words_by_an_edit(room, alice, bob, last):
    say(alice, room, "first words")
    message = say(bob, room, "kind words")
    if not last:
        say(alice, room, "last words")
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    his, hers = client_of(bob), client_of(alice)
    before = row_of(bob, room)

    edited = his.post(
        f"/rooms/{room.id}/messages/{message.sequence}/edit/", {"body": "unkind words"}, **JSON
    ).json()["message"]

    assert edited["body"] == "unkind words"
    for path in (f"/rooms/{room.id}/", f"/rooms/{room.id}/messages/", "/"):
        assert "unkind words" not in hers.get(path).text, path
    assert page_of(alice, room.id, since=3).messages == []
    assert row_of(alice, room).preview == ("You: last words" if not last else "You: first words")
    after = row_of(bob, room)
    assert after.preview == before.preview.replace("kind words", "unkind words")
    assert (after.unread, after.active_at) == (before.unread, before.active_at)
    assert "unkind words" in his.get(f"/rooms/{room.id}/").text
    say(bob, room, "later words")
    assert row_of(bob, room).preview == "You: later words"


def test_in_a_room_of_several_an_edit_reaches_everybody(alice, bob, mallory):
    befriend(alice, bob)
    several = Room.objects.create(kind=Room.Kind.GROUP)
    for person in (alice, bob, mallory):
        Membership.objects.create(room=several, user=person)
    message = say(bob, several, "hello")
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)

    edit_message(actor=bob, room_id=several.id, sequence=message.sequence, body="hello all")

    assert "hello all" in client_of(mallory).get(f"/rooms/{several.id}/").text


def test_nothing_tells_the_blocked_person(room, alice, bob):
    client = client_of(bob)
    contact = contact_of(bob, alice)

    def seen(body: str) -> list[object]:
        posted = client.post(f"/rooms/{room.id}/messages/", {"body": body, "client_id": ""}, **JSON)
        message = posted.json()["message"]
        sequence = message["sequence"]
        row = row_of(bob, room)
        room_page = client.get(f"/rooms/{room.id}/")
        return [
            (posted.status_code, sorted(message), posted["Vary"]),
            (row.preview, row.unread, rooms_shown(client.get("/"))),
            "<textarea" in room_page.text,
            client.get(f"/contacts/{contact.id}/").status_code,
            client.get("/contacts/blocked/").text.count("Alice"),
            client.get(f"/rooms/{room.id}/messages/{sequence}/").status_code,
            client.post(f"/rooms/{room.id}/messages/{sequence}/edit/", {"body": body}).status_code,
        ]

    unaware = seen("hello")
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)

    assert seen("hello") == unaware


def test_a_request_to_somebody_who_blocks_one_looks_like_any_other(alice, mallory):
    first = add_contact(owner=mallory, name="Alice", email=alice.email)
    block_person(blocker=alice, contact_id=first.id)

    page = client_of(mallory).get(f"/contacts/{first.id}/")

    assert "Waiting for an answer" in page.text
    assert "Blocked" not in page.text
    assert not Room.objects.exists()


def test_what_was_typed_to_somebody_one_blocks_is_still_there(blocked, room, alice):
    response = client_of(alice).post(f"/rooms/{room.id}/messages/", {"body": "Words <of> mine"})

    assert response.status_code == 403
    assert "<q>Words &lt;of&gt; mine</q>" in response.text
