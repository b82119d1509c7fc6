"""One pane at a time, fingers, and the way back."""

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import (
    AWAY,
    articles,
    connected,
    expect_messages,
    expect_state,
    room_row,
    send,
    status,
)

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def two_rooms(desk):
    alice, bob, room = desk.pair()
    (carol,) = desk.people("Carol")
    other = desk("befriend", one=alice.id, other=carol.id)
    desk("say", author=bob.id, room=room, body="From Bob")
    desk("say", author=carol.id, room=other, body="From Carol")
    return alice, bob, room


def test_the_list_leads_into_a_room_and_back(two_rooms, enter):
    alice, _bob, _room = two_rooms
    page = connected(enter(alice, **PHONE))
    expect(room_row(page, "Bob")).to_be_visible()
    room_row(page, "Bob").tap()
    expect_messages(page, ["From Bob"])
    expect(room_row(page, "Bob")).to_be_hidden()
    page.get_by_role("main").get_by_role("link", name="Back").tap()
    expect(room_row(page, "Bob")).to_be_visible()
    expect(articles(page)).to_have_count(0)
    # Also when one comes from outside, where nothing lies behind.
    page.goto(page.url)
    room_row(page, "Carol").tap()
    expect_messages(page, ["From Carol"])
    page.reload()
    page.get_by_role("main").get_by_role("link", name="Back").tap()
    expect(room_row(page, "Carol")).to_be_visible()


def test_on_a_touch_keyboard_enter_breaks_the_line_and_the_button_sends(two_rooms, enter, desk):
    alice, _bob, room = two_rooms
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    box = page.get_by_label("Message", exact=True)
    box.tap()
    box.press_sequentially("One line")
    box.press("Enter")
    box.press_sequentially("and another")
    page.get_by_role("button", name="Send").tap()
    expect_messages(page, ["From Bob", "One line and another"])
    assert desk("bodies", room=room)[-1] == "One line\nand another"
    # The keyboard stays for the next message.
    expect(box).to_be_focused()


def test_a_long_press_opens_the_menu_of_a_message(two_rooms, enter):
    alice, _bob, room = two_rooms
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    box = articles(page).first.locator(".message-body").bounding_box()
    assert box
    point = {"x": box["x"] + 10, "y": box["y"] + 10}
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("button", name="Copy text")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.get_by_role("button", name="Copy text")).to_be_visible()


def test_going_back_and_forth_between_rooms_leaves_each_whole_and_live(two_rooms, enter):
    alice, bob, room = two_rooms
    page, his = connected(enter(alice)), connected(enter(bob, f"/rooms/{room}/"))
    texts = ["From Bob"]
    room_row(page, "Bob").click()
    expect_messages(page, texts)
    room_row(page, "Carol").click()
    expect_messages(page, ["From Carol"])
    send(his, "While you were away")
    page.go_back()
    texts.append("While you were away")
    expect_messages(page, texts)
    page.go_forward()
    expect_messages(page, ["From Carol"])
    page.go_back()
    expect_messages(page, texts)
    send(his, "Now that you are back")
    texts.append("Now that you are back")
    expect_messages(page, texts)
    send(page, "Here I am")
    texts.append("Here I am")
    for reader in (page, his):
        expect_messages(reader, texts)


def test_the_state_of_the_connection_stands_under_the_header_and_hides_no_message(two_rooms, enter, problems):
    alice, _bob, room = two_rooms
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    # With the button to install in the list, which is out of sight here, it must not be pushed about.
    page.evaluate("document.querySelector('install-button').hidden = false")
    page.context.set_offline(True)
    expect_state(page, "disconnected")
    place = status(page).bounding_box()
    header = page.locator(".room-header").bounding_box()
    assert place
    assert header
    assert 0 <= place["y"] - (header["y"] + header["height"]) < 40
    problems.forgive(AWAY)


def test_whoever_has_added_somebody_and_talks_to_nobody_yet_sees_whom_they_added(desk, enter):
    (alice,) = desk.people("Alice")
    desk("ask", owner=alice.id, name="Zoe", email="zoe@example.com")
    page = connected(enter(alice, **PHONE))
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()
    expect(page.get_by_text("No contacts yet")).to_be_hidden()
    page.get_by_role("link", name="Zoe").tap()
    expect(page.get_by_role("heading", name="Invitation link")).to_be_visible()


def test_requests_have_the_whole_list_while_there_is_nothing_else_in_it(desk, enter):
    dave, *others = desk.people("Dave", "Alice", "Bob")
    for person in others:
        desk("ask", owner=person.id, name="Dave", email=dave.email, greeting="Do you remember me? " * 3)
    page = connected(enter(dave, **PHONE))
    expect(page.get_by_role("button", name="Accept")).to_have_count(2)
    hidden = page.get_by_role("main").evaluate("it => it.scrollHeight - it.clientHeight")
    assert hidden <= 1
