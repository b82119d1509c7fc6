"""Two people see each other come, type and read; who hides it is not seen and sees nothing (RT11)."""

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import articles, connected, expect_messages, log, room_row, send

pytestmark = pytest.mark.browser

# A page that was closed counts as a reload for ten seconds, and changes are told once a second.
GONE = 30_000
LASTS = 15_000


def dot(row):
    return row.locator(".avatar").evaluate("avatar => getComputedStyle(avatar, '::after').content !== 'none'")


def test_somebody_comes_and_goes(desk, enter):
    alice, bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    row = room_row(page, "Bob")
    expect(row).to_be_visible()
    assert not dot(row)
    other = connected(enter(bob))
    expect(row).to_contain_text("Online")
    assert dot(row)
    header = page.locator(".room-header")
    expect(header).to_contain_text("Online")
    expect(room_row(other, "Alice")).to_contain_text("Online")
    # Also on the page of the contact, and on a page that is opened later.
    page.locator("a.room-title").click()
    expect(page.locator(".profile-head")).to_contain_text("Online")
    page.goto(f"/rooms/{room}/")
    expect(header).to_contain_text("Online")
    other.close()
    expect(row).not_to_contain_text("Online", timeout=GONE)
    expect(header).not_to_contain_text("Online")
    assert not dot(row)


def test_a_page_without_a_socket_claims_nothing(desk, enter):
    alice, bob, room = desk.pair()
    page, _other = connected(enter(alice, f"/rooms/{room}/")), connected(enter(bob))
    expect(room_row(page, "Bob")).to_contain_text("Online")
    page.context.set_offline(True)
    expect(room_row(page, "Bob")).not_to_contain_text("Online")
    page.context.set_offline(False)
    expect(room_row(page, "Bob")).to_contain_text("Online", timeout=LASTS)


def test_typing_is_seen_while_it_lasts(desk, enter):
    alice, bob, room = desk.pair()
    page, other = [connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob)]
    state, box = page.locator(".room-state"), other.get_by_label("Message", exact=True)
    box.press_sequentially("Hel")
    expect(state).to_have_text("Bob is typing…")
    # Not read aloud, and not said to oneself.
    assert state.evaluate("line => line.closest('[aria-live], [role=status], [role=log]') === null")
    expect(other.get_by_text("typing…")).to_have_count(0)
    # In the list, too, in the place of the last message.
    row = room_row(page, "Bob")
    expect(row.locator(".row-typing")).to_have_text("Bob is typing…")
    box.press("Enter")
    expect_messages(page, ["Hel"])
    expect(state).not_to_contain_text("typing")
    expect(row).not_to_contain_text("typing")
    expect(row.locator(".row-preview")).to_have_text("Hel")
    # Told again as soon as two seconds have passed, while somebody goes on.
    box.press_sequentially("Again and again", delay=400)
    expect(state).to_have_text("Bob is typing…")
    expect(state).not_to_contain_text("typing", timeout=LASTS)


def test_what_was_seen_is_marked(desk, enter):
    alice, bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    for text in ("One", "Two"):
        send(page, text)
    expect_messages(page, ["One", "Two"])
    expect(log(page).locator("[data-seen]")).to_have_count(0)
    other = connected(enter(bob, f"/rooms/{room}/"))
    expect(log(page).locator("[data-seen]")).to_have_count(2)
    expect(articles(page).nth(1)).to_contain_text("Seen")
    expect(articles(page).nth(0)).not_to_contain_text("Seen")
    send(other, "Three")
    send(page, "Four")
    expect(articles(page).nth(3)).to_contain_text("Seen")
    expect(log(page).get_by_text("Seen")).to_have_count(1)
    page.reload()
    expect(articles(page).nth(3)).to_contain_text("Seen")
    expect(log(page).locator("[data-seen]")).to_have_count(3)


def test_who_hides_is_not_seen_and_sees_nothing(desk, enter):
    alice, bob, room = desk.pair()
    page, other = [connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob)]
    send(page, "Hello")
    expect(articles(page).first).to_contain_text("Seen")
    for each, name in ((page, "Bob"), (other, "Alice")):
        expect(room_row(each, name)).to_contain_text("Online")
    hiding = connected(enter(bob, "/profile/"))
    for label in ("Show when I am online", "Show what I have read"):
        hiding.get_by_label(label).uncheck()
    hiding.get_by_role("button", name="Save").click()
    expect(hiding.get_by_text("Saved.")).to_be_visible()
    for each, name in ((page, "Bob"), (other, "Alice"), (hiding, "Alice")):
        expect(room_row(each, name)).not_to_contain_text("Online")
    expect(log(page).get_by_text("Seen")).to_have_count(0)
    send(page, "Again")
    expect_messages(other, ["Hello", "Again"])
    expect(log(page).locator("[data-seen]")).to_have_count(0)
    for label in ("Show when I am online", "Show what I have read"):
        hiding.get_by_label(label).check()
    hiding.get_by_role("button", name="Save").click()
    for each, name in ((page, "Bob"), (other, "Alice")):
        expect(room_row(each, name)).to_contain_text("Online")
    expect(articles(page).last).to_contain_text("Seen")


def test_a_long_name_leaves_room_for_what_it_does(desk, enter):
    alice, long = desk.people("Alice", "Maximiliane Birkenstock-Featherstonehaugh")
    room = desk("befriend", one=alice.id, other=long.id)
    page = connected(enter(alice, f"/rooms/{room}/", viewport={"width": 360, "height": 700}))
    other = connected(enter(long, f"/rooms/{room}/"))
    other.get_by_label("Message", exact=True).press_sequentially("Hel")
    state = page.locator(".room-state")
    expect(state).to_contain_text("is typing…")
    assert state.evaluate("line => line.scrollWidth <= line.clientWidth")


def test_who_types_has_the_name_that_the_contact_was_given(desk, enter):
    alice, bob, room = desk.pair()
    page = connected(enter(alice, f"/contacts/{desk('contact', owner=alice.id, person=bob.id)}/edit/"))
    page.get_by_role("main").get_by_label("Name").fill("Uncle Robert")
    page.get_by_role("main").get_by_role("button", name="Save").click()
    page.goto(f"/rooms/{room}/")
    connected(page)
    other = connected(enter(bob, f"/rooms/{room}/"))
    other.get_by_label("Message", exact=True).press_sequentially("Hel")
    expect(page.locator(".room-state")).to_have_text("Uncle Robert is typing…")
    expect(page.locator(".row-typing")).to_have_text("Uncle Robert is typing…")
