"""A page is sent again when anything on it has changed, for whoever sees the change, and only then."""

import re
import uuid

import pytest
from django.test import Client

from accounts.tests.people import make_user
from chat.actions.contacts import (
    accept_contact,
    add_contact,
    block_person,
    rename_contact,
    unblock_person,
    withdraw_contact,
)
from chat.actions.messages import delete_message, edit_message
from chat.actions.rooms import mark_read
from chat.models import Contact, Membership, Room
from chat.tests.situations import (
    HTMX,
    JSON,
    befriend,
    client_of,
    contact_of,
    fill,
    rooms_shown,
    say,
    typed_in,
)

# The pages that show a room, and those that show the list of rooms.
ROOM_PAGES = {
    "room": ("/rooms/{room}/", {}),
    "room for htmx": ("/rooms/{room}/", HTMX),
    "older": ("/rooms/{room}/?before=4", {}),
    "permalink": ("/rooms/{room}/messages/3/", {}),
    "fragment": ("/rooms/{room}/messages/?before=6", {}),
    "JSON": ("/rooms/{room}/messages/?since=1", JSON),
}
LISTS = {
    "inbox": ("/", {}),
    "inbox for htmx": ("/", HTMX),
    "list": ("/rooms/", HTMX),
    "found": ("/rooms/?q=b", HTMX),
}
WITH_LIST = {"room": ROOM_PAGES["room"], **LISTS}
EVERYTHING = {**ROOM_PAGES, **LISTS}


class Browser:
    """Somebody who keeps the pages they have seen, as a browser does."""

    def __init__(self, user, room):
        self.client = client_of(user)
        self.room = room
        self.tags = {}
        # The secret of forms comes with the first page.
        self.client.get("/")

    def ask(self, page, **headers):
        path, given = EVERYTHING[page]
        return self.client.get(path.format(room=self.room.id), **given, **headers)

    def look(self, pages=EVERYTHING):
        for page in pages:
            answer = self.ask(page)
            assert answer.status_code == 200, page
            self.tags[page] = answer["ETag"]

    def changed(self, pages=EVERYTHING):
        """The pages that are sent again."""
        answers = {page: self.ask(page, HTTP_IF_NONE_MATCH=self.tags[page]) for page in pages}
        assert all(answer.status_code in (200, 304) for answer in answers.values())
        assert all(not answer.content for answer in answers.values() if answer.status_code == 304)
        return {page for page, answer in answers.items() if answer.status_code == 200}


@pytest.fixture
def talk(room, alice, bob):
    """A conversation of ten messages, read by both."""
    fill(room, [alice, bob], 10)
    for person in (alice, bob):
        mark_read(reader=person, room_id=room.id, sequence=10)
        Membership.objects.filter(user=person, room=room).update(read_sequence=10)
    return room


@pytest.fixture
def mine(talk, alice):
    browser = Browser(alice, talk)
    browser.look()
    return browser


def test_nothing_is_sent_while_nothing_changes(mine):
    for _time in range(2):
        assert mine.changed() == set()


def posts(alice, bob, room):
    say(bob, room)


def posts_herself(alice, bob, room):
    say(alice, room)


def edits(alice, bob, room):
    edit_message(actor=alice, room_id=room.id, sequence=2, body="other words")


def deletes(alice, bob, room):
    delete_message(actor=alice, room_id=room.id, sequence=2)


def other_is_renamed(alice, bob, room):
    bob.name = "Robert"
    bob.save()


def is_renamed(alice, bob, room):
    alice.name = "Alicia"
    alice.save()


@pytest.mark.parametrize(
    ("change", "pages"),
    [
        (posts, EVERYTHING),
        (posts_herself, EVERYTHING),
        (edits, EVERYTHING),
        (deletes, EVERYTHING),
        (other_is_renamed, ROOM_PAGES),
        # The list calls bob as her contacts do, and has nothing of herself.
        (is_renamed, {**ROOM_PAGES, "inbox": LISTS["inbox"]}),
    ],
)
def test_what_happens_in_a_room_changes_its_pages(mine, alice, bob, talk, mallory, change, pages):
    other = befriend(mallory, make_user("Zoe"))
    fill(other, [mallory], 10)
    stranger = Browser(mallory, other)
    stranger.look()

    change(alice, bob, talk)

    assert mine.changed(pages) == set(pages)
    assert stranger.changed() == set()


def test_a_room_of_others_changes_nothing(mine, mallory):
    elsewhere = befriend(mallory, make_user("Zoe"))

    say(mallory, elsewhere)

    assert mine.changed() == set()


def test_what_happens_in_another_room_changes_the_lists_alone(mine, alice, talk, mallory):
    other = befriend(alice, mallory)
    mine.look()

    say(mallory, other)

    assert mine.changed() == set(WITH_LIST) - {"found"} | {"older", "permalink"}


def test_reading_on_another_device_changes_the_lists(mine, alice, bob, talk):
    say(bob, talk)
    mine.look()

    Membership.objects.filter(user=alice, room=talk).update(read_sequence=11)

    assert mine.changed(WITH_LIST) == set(WITH_LIST)
    assert mine.changed(["fragment", "JSON"]) == set()


def test_reading_changes_nothing_for_the_other(mine, alice, bob, talk):
    say(alice, talk)
    mine.look()

    Membership.objects.filter(user=bob, room=talk).update(read_sequence=11)

    assert mine.changed() == set()


def test_calling_a_contact_something_else_changes_ones_own_lists_alone(mine, alice, bob, talk):
    theirs = Browser(bob, talk)
    theirs.look()

    rename_contact(owner=alice, contact_id=contact_of(alice, bob).id, name="Uncle Bob")

    assert mine.changed(WITH_LIST) == set(WITH_LIST)
    assert theirs.changed() == set()


def test_a_block_changes_the_blockers_room_and_nothing_for_the_blocked(mine, alice, bob, talk):
    theirs = Browser(bob, talk)
    theirs.look()

    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)

    assert mine.changed(["room", "room for htmx"]) == {"room", "room for htmx"}
    assert theirs.changed() == set()

    mine.look()
    unblock_person(blocker=alice, person=bob)
    assert "room" in mine.changed()


def test_a_withheld_message_is_new_to_its_author(mine, alice, bob, talk):
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    theirs = Browser(bob, talk)
    theirs.look()

    say(bob, talk, "do you hear me?")

    assert theirs.changed() == set(EVERYTHING) - {"found"}


def test_a_request_changes_the_lists_of_whom_it_reaches(mine, alice, bob, talk, mallory):
    theirs = Browser(bob, talk)
    theirs.look()

    request = add_contact(owner=mallory, name="Alice", email=alice.email, greeting="Hello")
    assert mine.changed(WITH_LIST) == set(WITH_LIST)
    assert theirs.changed() == set()

    mine.look()
    mallory.name = "Mallory the Second"
    mallory.save()
    assert "inbox" in mine.changed()

    mine.look()
    accept_contact(actor=alice, contact_id=request.id)
    assert {"room", "inbox", "list"} <= mine.changed()


def test_contacts_who_wait_change_ones_inbox(mine, alice):
    contact = add_contact(owner=alice, name="Zoe", email="zoe@example.org")
    assert "inbox" in mine.changed()

    mine.look()
    rename_contact(owner=alice, contact_id=contact.id, name="Zoë")
    assert "inbox" in mine.changed()

    mine.look()
    withdraw_contact(owner=alice, contact_id=contact.id)
    assert "inbox" in mine.changed()
    assert not Contact.objects.filter(id=contact.id).exists()


def test_somebody_whose_account_is_gone_disappears(mine, bob):
    bob.delete()

    assert {"room", "fragment", "JSON", "inbox", "list"} <= mine.changed(set(EVERYTHING) - {"permalink"})


@pytest.fixture
def group(alice, bob, mallory):
    group = Room.objects.create(kind=Room.Kind.GROUP, name="Family")
    Membership.objects.bulk_create(Membership(room=group, user=user) for user in (alice, bob, mallory))
    fill(group, [alice, bob, mallory], 12)
    return group


def test_in_a_group_everybodys_name_counts(alice, mallory, group):
    mine = Browser(alice, group)
    mine.look(ROOM_PAGES)
    assert mine.changed(ROOM_PAGES) == set()

    mallory.name = "Molly"
    mallory.save()

    assert mine.changed(ROOM_PAGES) == set(ROOM_PAGES)


def test_in_a_group_what_one_was_shown_serves_the_next_as_long_as_it_is_right(alice, bob, mallory, group):
    url = f"/rooms/{group.id}/"
    page = client_of(alice).get(url).text
    assert "Mallory" in page
    own = f'data-author="{bob.id}" data-own'
    assert own not in page

    assert own in client_of(bob).get(url).text

    mallory.name = "Molly"
    mallory.save()
    page = client_of(bob).get(url).text
    assert "Molly" in page
    assert "Mallory" not in page

    sequence = group.messages.filter(author=mallory).latest("sequence").sequence
    edit_message(actor=mallory, room_id=group.id, sequence=sequence, body="Not what it was")
    assert "Not what it was" in client_of(bob).get(url).text
    delete_message(actor=mallory, room_id=group.id, sequence=sequence)
    assert "Not what it was" not in client_of(alice).get(url).text


def test_in_a_group_those_who_leave_for_good_take_their_messages_along(alice, mallory, group):
    mine = Browser(alice, group)
    pages = ["room", "room for htmx", "fragment", "JSON"]
    mine.look(pages)

    mallory.delete()

    assert mine.changed(pages) == set(pages)


def test_a_page_is_nobody_elses(mine, bob, talk):
    theirs = Browser(bob, talk)
    theirs.look()

    assert not set(theirs.tags.values()) & set(mine.tags.values())
    theirs.tags = mine.tags
    assert theirs.changed() == set(EVERYTHING)


def test_a_validator_opens_no_door(mine, mallory, talk):
    outsider = Browser(mallory, talk)

    for page in ROOM_PAGES:
        assert outsider.ask(page, HTTP_IF_NONE_MATCH=mine.tags[page]).status_code == 404
        assert outsider.ask(page, HTTP_IF_NONE_MATCH="*").status_code == 404


def test_who_has_lost_access_is_told_nothing(mine, alice, talk):
    Membership.objects.filter(user=alice, room=talk).delete()

    for page in ROOM_PAGES:
        assert mine.ask(page, HTTP_IF_NONE_MATCH=mine.tags[page]).status_code == 404


def test_who_has_signed_out_signs_in_first(mine):
    mine.client.logout()

    answer = mine.ask("room", HTTP_IF_NONE_MATCH=mine.tags["room"])

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_the_forms_of_a_page_that_was_kept_still_work(alice, talk):
    client = client_of(alice, enforce_csrf_checks=True)
    url = f"/rooms/{talk.id}/"
    client.get(url)
    kept = client.get(url)

    assert client.get(url, HTTP_IF_NONE_MATCH=kept["ETag"]).status_code == 304

    form = {name: typed_in(kept, name) for name in ("csrfmiddlewaretoken", "client_id")}
    assert client.post(f"{url}messages/", {**form, "body": "hello"}).status_code == 303
    assert client.get(url, HTTP_IF_NONE_MATCH=kept["ETag"]).status_code == 200


def test_a_page_is_sent_again_after_the_secret_of_its_forms_has_changed(alice, talk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    url = f"/rooms/{talk.id}/"
    client.get(url)
    kept = client.get(url)
    del client.cookies["csrftoken"]

    anew = client.get(url, HTTP_IF_NONE_MATCH=kept["ETag"])

    assert anew.status_code == 200
    form = {name: typed_in(anew, name) for name in ("csrfmiddlewaretoken", "client_id")}
    assert client.post(f"{url}messages/", {**form, "body": "hello"}).status_code == 303


def test_other_questions_have_other_validators(mine):
    assert len(set(mine.tags.values())) == len(mine.tags)


def test_one_query_says_that_nothing_has_changed(mine, django_assert_max_num_queries):
    # The session and the person, then the one that is compared.
    for page in ROOM_PAGES:
        with django_assert_max_num_queries(3):
            assert mine.ask(page, HTTP_IF_NONE_MATCH=mine.tags[page]).status_code == 304


def test_what_was_refused_is_not_kept(mine, talk):
    answer = mine.client.post(f"/rooms/{talk.id}/messages/", {"client_id": uuid.uuid4(), "body": ""})

    assert answer.status_code == 422
    assert "ETag" not in answer


def test_the_page_that_comes_is_the_new_one(mine, bob, talk):
    say(bob, talk, "brand new")

    page = mine.ask("room", HTTP_IF_NONE_MATCH=mine.tags["room"])

    assert "brand new" in page.text
    assert rooms_shown(page) == [talk.id]
    assert re.search(r'class="unread">1<', page.text)
