"""The list of rooms: what is new, what was said last, how far one has read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.people import make_user
from chat.actions.contacts import block_person, rename_contact
from chat.actions.messages import delete_message, edit_message
from chat.actions.rooms import mark_read
from chat.errors import NotFound
from chat.models import Membership, Room
from chat.realtime.groups import user_group
from chat.sidebar import ROOMS_BESIDE, ROOMS_MOST
from chat.tests.situations import HTMX, JSON, befriend, client_of, contact_of, fill, rooms_shown, row_of, say


def read_sequence(user, room) -> int:
    return Membership.objects.get(user=user, room=room).read_sequence


def test_messages_of_others_are_unread_until_they_are_read(room, alice, bob):
    say(bob, room)
    say(bob, room)
    assert row_of(alice, room).unread == 2

    mark_read(reader=alice, room_id=room.id, sequence=1)

    assert row_of(alice, room).unread == 1


def test_ones_own_messages_are_never_unread(room, alice):
    say(alice, room)

    assert row_of(alice, room).unread == 0


def test_deleted_messages_are_not_counted_and_edited_ones_not_twice(room, alice, bob):
    for _number in range(3):
        say(bob, room)
    delete_message(actor=bob, room_id=room.id, sequence=1)
    edit_message(actor=bob, room_id=room.id, sequence=2, body="edited")

    assert row_of(alice, room).unread == 2


def test_an_edit_of_what_was_read_is_not_new(room, alice, bob):
    say(bob, room)
    mark_read(reader=alice, room_id=room.id, sequence=1)

    edit_message(actor=bob, room_id=room.id, sequence=1, body="edited")

    assert row_of(alice, room).unread == 0


@pytest.mark.parametrize(
    ("count", "unread", "shown"), [(99, 99, ">99<"), (100, 100, ">99+<"), (500, 100, ">99+<")]
)
def test_counting_stops_at_a_hundred(room, alice, bob, count, unread, shown):
    fill(room, [bob], count)

    assert row_of(alice, room).unread == unread
    assert shown in client_of(alice).get("/").text


def test_reading_never_goes_back(room, alice, bob):
    for _number in range(5):
        say(bob, room)

    for sequence, expected in [(3, 3), (1, 3), (0, 3), (4, 4)]:
        mark_read(reader=alice, room_id=room.id, sequence=sequence)
        assert read_sequence(alice, room) == expected


def test_nobody_reads_the_future(room, alice, bob):
    say(bob, room)

    mark_read(reader=alice, room_id=room.id, sequence=10**15)

    assert read_sequence(alice, room) == 1
    say(bob, room)
    assert row_of(alice, room).unread == 1


def test_reading_is_ones_own(room, alice, bob, mallory):
    say(bob, room)

    mark_read(reader=alice, room_id=room.id, sequence=1)

    assert read_sequence(bob, room) == 0
    with pytest.raises(NotFound):
        mark_read(reader=mallory, room_id=room.id, sequence=1)


@pytest.mark.django_db(transaction=True)
def test_ones_other_devices_hear_of_reading_once(room, alice, bob, published):
    say(bob, room)
    published.clear()

    for _time in range(2):
        mark_read(reader=alice, room_id=room.id, sequence=1)

    heard = [event for group, event in published if group == user_group(alice.id)]
    assert heard == [{"name": "read", "room": str(room.id), "sequence": 1}]


@pytest.mark.parametrize(("headers", "status"), [({}, 303), (HTMX, 204), (JSON, 204)])
def test_reading_over_http(room, alice, bob, headers, status):
    say(bob, room)

    response = client_of(alice).post(f"/rooms/{room.id}/read/", {"sequence": "1"}, **headers)

    assert response.status_code == status
    assert read_sequence(alice, room) == 1


@pytest.mark.parametrize(
    "typed", [{}, {"sequence": ""}, {"sequence": "-1"}, {"sequence": "x"}, {"sequence": "9" * 19}]
)
def test_a_bad_sequence_is_refused_and_named(room, alice, typed):
    response = client_of(alice).post(f"/rooms/{room.id}/read/", typed, **JSON)

    assert response.status_code == 422
    assert response.json()["error"]["field"] == "sequence"


def test_the_page_says_where_the_divider_goes(room, alice, bob):
    for _number in range(3):
        say(bob, room)
    mark_read(reader=alice, room_id=room.id, sequence=2)

    page = client_of(alice).get(f"/rooms/{room.id}/")

    assert 'data-read-sequence="2"' in page.text
    assert 'data-revision="3"' in page.text
    assert row_of(alice, room).unread == 1


def test_opening_a_room_marks_nothing_as_read(room, alice, bob):
    say(bob, room)

    client_of(alice).get(f"/rooms/{room.id}/")

    assert row_of(alice, room).unread == 1


def test_the_preview_is_one_line_of_the_last_message(room, alice, bob):
    assert row_of(alice, room).preview == ""
    say(bob, room, "two\n\n lines  <b>")
    assert row_of(alice, room).preview == "two lines <b>"
    assert "two lines &lt;b&gt;" in client_of(alice).get("/").text

    say(alice, room, "mine")
    assert row_of(alice, room).preview == "You: mine"
    assert row_of(bob, room).preview == "mine"


def test_the_preview_follows_edits_and_deletes(room, alice, bob):
    say(bob, room, "helo")
    edit_message(actor=bob, room_id=room.id, sequence=1, body="hello")
    assert row_of(alice, room).preview == "hello"

    delete_message(actor=bob, room_id=room.id, sequence=1)

    assert row_of(alice, room).preview == "Message deleted"


def test_the_most_recent_conversation_comes_first(room, alice, bob, mallory):
    other = befriend(alice, mallory)
    say(bob, room)
    assert rooms_shown(client_of(alice).get("/")) == [room.id, other.id]

    say(mallory, other)

    assert rooms_shown(client_of(alice).get("/")) == [other.id, room.id]


def test_an_edit_does_not_move_a_conversation(room, alice, bob, mallory):
    other = befriend(alice, mallory)
    say(bob, room)
    say(mallory, other)

    edit_message(actor=bob, room_id=room.id, sequence=1, body="edited")

    assert rooms_shown(client_of(alice).get("/"))[0] == other.id


def test_the_list_is_bounded_shorter_beside_a_page_and_always_has_the_open_room(room, alice):
    now = timezone.now()
    Room.objects.filter(pk=room.pk).update(active_at=now - timedelta(days=365))
    made = Room.objects.bulk_create(
        Room(kind=Room.Kind.GROUP, name=f"Group {number}", active_at=now - timedelta(minutes=number))
        for number in range(ROOMS_MOST + 5)
    )
    Membership.objects.bulk_create(Membership(room=group, user=alice) for group in made)
    groups = [group.id for group in made]
    client = client_of(alice)

    inbox = rooms_shown(client.get("/"))
    page = client.get(f"/rooms/{room.id}/")
    fetched = client.get("/rooms/", **HTMX)

    assert inbox == groups[:ROOMS_MOST]
    assert rooms_shown(page) == [*groups[: ROOMS_BESIDE - 1], room.id]
    assert 'hx-get="/rooms/"' in page.text.split("</ul>")[1].split("</nav>")[0]
    # The rest, once: a list that is as long as it gets asks for no more.
    assert rooms_shown(fetched) == groups[:ROOMS_MOST]
    assert "more-rooms" not in fetched.text


def test_the_open_room_is_marked_and_no_other(room, alice, mallory):
    befriend(alice, mallory)

    page = client_of(alice).get(f"/rooms/{room.id}/").text

    assert page.count('aria-current="page"') == 1
    assert f'href="/rooms/{room.id}/" aria-current="page"' in page


def test_rooms_are_called_as_ones_contacts_are(room, alice, bob):
    rename_contact(owner=alice, contact_id=contact_of(alice, bob).id, name="Uncle")

    assert (row_of(alice, room).title, row_of(alice, room).initials) == ("Uncle", "U")
    assert (row_of(bob, room).title, row_of(bob, room).hue) == ("Alice", alice.hue)


def test_a_group_shows_who_said_what(alice, bob):
    group = Room.objects.create(kind=Room.Kind.GROUP, name="Family")
    Membership.objects.bulk_create(Membership(room=group, user=user) for user in (alice, bob))
    say(bob, group, "dinner?")

    row = row_of(alice, group)

    assert (row.title, row.preview, row.hue) == ("Family", "Bob: dinner?", group.id.int % 12)


def test_a_conversation_stays_when_the_other_person_is_gone(room, alice, bob):
    say(bob, room, "bye")
    bob.delete()

    page = client_of(alice).get(f"/rooms/{room.id}/")

    assert page.status_code == 200
    assert client_of(alice).get("/").status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [("zoë", 1), ("ZOË", 1), ("uncle", 1), ("b", 2), ("nobody", 0), ("%", 0), ("(", 0), ("", 2)],
)
def test_search_finds_rooms_by_title_or_real_name_whatever_the_case(room, alice, bob, query, found):
    befriend(alice, make_user("Zoë Weber", email="zoe@example.com"))
    rename_contact(owner=alice, contact_id=contact_of(alice, bob).id, name="Uncle")
    client = client_of(alice)

    fragment = client.get("/rooms/", {"q": query}, **HTMX)

    assert len(rooms_shown(fragment)) == found
    assert "<main" not in fragment.text
    assert "HX-Request" in fragment["Vary"]
    assert len(rooms_shown(client.get("/rooms/", {"q": query}))) == found


def test_an_unknown_room_in_the_list_is_nobodys(room, mallory):
    assert rooms_shown(client_of(mallory).get("/")) == []


def test_a_block_changes_nothing_in_the_blockers_list_but_the_composer(room, alice, bob):
    say(bob, room, "hello")
    before = row_of(alice, room).preview

    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)

    row = row_of(alice, room)
    assert (row.preview, bool(row.i_block)) == (before, True)
    assert not row_of(bob, room).i_block
