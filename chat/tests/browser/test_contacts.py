"""Finding, adding, renaming, blocking and reporting people."""

import re

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import (
    PASSWORD,
    add_contact,
    connected,
    expect_messages,
    log,
    room_row,
    send,
    sign_up,
)

pytestmark = pytest.mark.browser


def test_contacts_are_found_while_one_types_whatever_the_case(desk, enter):
    alice, bob, _room = desk.pair()
    for name in ("Zoë Zimmermann", "Carol"):
        desk("ask", owner=alice.id, name=name, email=f"{name[:4].lower()}@example.com".replace("ë", "e"))
    page = connected(enter(alice, "/contacts/"))
    people = page.get_by_role("region", name="People")
    expect(people.get_by_role("link")).to_have_count(3)
    search = page.get_by_role("searchbox", name="Search contacts")
    search.fill("ZOË")
    expect(people.get_by_role("link")).to_have_text([re.compile("Zoë Zimmermann")])
    search.fill(bob.email.upper())
    expect(people.get_by_role("link")).to_have_text([re.compile("Bob")])
    search.fill("nobody of that name")
    expect(people.get_by_text("No contacts found")).to_be_visible()
    search.fill("")
    expect(people.get_by_role("link")).to_have_count(3)


def test_conversations_are_found_while_one_types(desk, enter):
    alice, _bob, _room = desk.pair()
    (carol,) = desk.people("Carol")
    desk("befriend", one=alice.id, other=carol.id)
    page = connected(enter(alice))
    expect(page.locator("room-list a.room-row")).to_have_count(2)
    search = page.get_by_role("searchbox", name="Search conversations")
    search.fill("cAr")
    expect(page.locator("room-list a.room-row")).to_have_count(1)
    expect(room_row(page, "Carol")).to_be_visible()
    search.fill("xyz")
    expect(page.locator("room-list").get_by_text("No contacts found")).to_be_visible()


def test_somebody_without_contacts_is_told_how_to_get_some(desk, enter):
    (alice,) = desk.people("Alice")
    page = connected(enter(alice))
    expect(page.locator("room-list").get_by_text("No contacts yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_what_is_wrong_with_a_contact_is_said_beside_the_field(desk, enter, problems):
    (alice,) = desk.people("Alice")
    page = connected(enter(alice, "/contacts/new/"))
    form = page.get_by_role("main")
    form.get_by_role("button", name="Add contact").click()
    expect(form.get_by_text("name is empty")).to_be_visible()
    form.get_by_label("Name").fill("Bob")
    form.get_by_label("Email").fill("not an address")
    form.get_by_role("button", name="Add contact").click()
    expect(form.get_by_text("email is not valid")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("Bob")
    expect(form.get_by_label("Email")).to_have_value("not an address")
    problems.forgive("status of 422")


def test_adding_somebody_twice_is_harmless(desk, enter):
    (alice,) = desk.people("Alice")
    page = connected(enter(alice))
    email = f"twice.{alice.id}@example.com"
    link = add_contact(page, "Bob", email)
    page.goto("/")
    assert add_contact(page, "Bob again", email.upper()) == link
    page.goto("/contacts/")
    expect(page.get_by_role("region", name="People").get_by_role("link")).to_have_count(1)


def test_an_address_is_copied_with_one_click(desk, enter):
    alice, bob, _room = desk.pair()
    contact = desk("contact", owner=alice.id, person=bob.id)
    page = connected(enter(alice, f"/contacts/{contact}/", permissions=["clipboard-write"]))
    page.get_by_role("button", name="Copy email").click()
    # No page may read the clipboard: a person pastes.
    expect(page.get_by_role("paragraph").filter(has_text="Copied")).to_be_visible()
    search = page.get_by_role("searchbox").first
    search.focus()
    page.keyboard.press("Control+V")
    expect(search).to_have_value(bob.email)


def test_a_request_shows_up_by_itself_and_opens_a_conversation_on_both_sides(desk, enter):
    alice, bob = desk.people("Alice", "Bob")
    hers, his = connected(enter(alice)), connected(enter(bob))
    add_contact(hers, "Bob", bob.email, "Hello, it is me")
    expect(his.get_by_text("1 contact request")).to_be_visible()
    his.get_by_role("link", name=re.compile("1 contact request")).click()
    expect(his.get_by_role("main").get_by_text("Hello, it is me")).to_be_visible()
    his.get_by_role("main").get_by_role("button", name="Accept").click()
    expect_messages(his, ["Hello, it is me"])
    room_row(hers, "Bob").click()
    expect_messages(hers, ["Hello, it is me"])


def test_somebody_who_is_blocked_reaches_nobody_and_is_not_told(desk, enter):
    alice, bob, room = desk.pair()
    hers, his = (connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob))
    send(his, "Before")
    expect_messages(hers, ["Before"])
    hers.get_by_role("link", name="Details").click()
    hers.get_by_role("link", name="Block").click()
    expect(hers.get_by_text("will not be told")).to_be_visible()
    hers.get_by_role("button", name="Block").click()
    expect(hers.get_by_role("heading", name="Blocked people")).to_be_visible()
    send(his, "After")
    expect_messages(his, ["Before", "After"])
    room_row(hers, "Bob").click()
    expect(hers.get_by_text("You blocked this person")).to_be_visible()
    expect_messages(hers, ["Before"])

    hers.get_by_role("link", name="Details").click()
    hers.get_by_role("button", name="Unblock").click()
    hers.get_by_role("main").get_by_role("link", name="Message", exact=True).click()
    connected(hers)
    send(his, "Again")
    expect(log(hers).get_by_text("Again")).to_be_visible()
    expect(log(hers).get_by_text("After")).to_have_count(0)


def test_a_contact_can_be_called_something_else(desk, enter):
    alice, bob, _room = desk.pair()
    contact = desk("contact", owner=alice.id, person=bob.id)
    page = connected(enter(alice, f"/contacts/{contact}/"))
    page.get_by_role("link", name="Rename").click()
    page.get_by_role("main").get_by_label("Name").fill("Bobby")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main").get_by_role("heading", name="Bobby")).to_be_visible()
    expect(room_row(page, "Bobby")).to_be_visible()


def test_signing_out_leaves_nothing_behind_and_signing_in_brings_everything_back(desk, enter, new_context):
    (alice,) = desk.people("Alice")
    email = f"bob.{alice.id}@example.com"
    invitation = desk("ask", owner=alice.id, name="Bob", email=email, greeting="Hello Bob")["invitation"]
    page = new_context().new_page()
    page.goto(invitation)
    page.get_by_role("link", name="Sign up").click()
    sign_up(page, "Bob", email)
    page.get_by_role("main").get_by_role("button", name="Accept").click()
    connected(page)
    page.get_by_label("Message", exact=True).fill("A draft for nobody else")
    page.get_by_role("complementary").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert "draft" not in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    room_row(page, "Alice").click()
    expect_messages(connected(page), ["Hello Bob"])
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
