"""Reporting and blocking with a thumb: two taps from a message, and without scripts (CO6, CO7, PW8, MO3)."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import articles, bodies, connected
from chat.tests.browser.test_accessibility import AXE, RULES, RUN
from chat.tests.browser.test_phone import PHONE

pytestmark = pytest.mark.browser


@pytest.fixture
def talk(desk):
    alice, bob, room = desk.pair()
    for number in range(1, 9):
        desk("say", author=(alice, bob)[number % 2].id, room=room, body=f"Message {number}")
    return alice, bob, room


class Finger:
    """Counts taps."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    def tap(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).tap()  # type: ignore[arg-type]
        self.taps += 1

    def press(self, number: int) -> None:
        """Hold a message until its menu opens."""
        box = articles(self.page).nth(number - 1).locator(".message-body").bounding_box()
        assert box
        point = {"x": box["x"] + 10, "y": box["y"] + 10}
        touch = self.page.context.new_cdp_session(self.page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        expect(self.page.get_by_role("button", name="Copy text")).to_be_visible()
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.taps += 1


def faults(page: Page) -> list[str]:
    page.evaluate(AXE)
    return list(page.evaluate(RUN, RULES))


def test_two_taps_lead_from_a_message_to_its_report(talk, desk, enter, problems):
    alice, bob, room = talk
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    finger = Finger(page)
    finger.press(7)
    assert faults(page) == []
    finger.tap("link", "Report")
    main = page.get_by_role("main")
    expect(main.get_by_text("Message 7", exact=True)).to_be_visible()
    assert finger.taps == 2
    # The sidebar stayed: htmx has swapped the page.
    expect(page).to_have_url(re.compile(f"/rooms/{room}/messages/7/report/"))

    main.get_by_role("button", name="Report").tap()
    problems.forgive("status of 422")
    expect(main.get_by_text("report is empty")).to_be_visible()
    expect(main.get_by_label("Context")).to_be_focused()
    main.get_by_label("Threat or violence").check()
    main.get_by_text("Add more messages").tap()
    main.get_by_label("Message 3").check()
    assert faults(page) == []
    main.get_by_label("Context").fill("I am afraid of him")
    desk("edit", author=bob.id, room=room, sequence=7, body="Nice words")
    main.get_by_role("button", name="Report").tap()
    expect(main.get_by_text("Thank you. Your report about Bob has been sent.")).to_be_visible()
    assert faults(page) == []
    kept = desk("evidence", reporter=alice.id)
    assert [one["sequence"] for one in kept if one["picked"]] == [3, 7]
    assert [one["before"] for one in kept if one["sequence"] == 7] == [["Message 7"]]

    main.get_by_role("button", name="Block").tap()
    expect(page.get_by_role("heading", name="Blocked people")).to_be_visible()
    assert desk("blocked", blocker=alice.id) == [bob.id]


def test_three_taps_block_from_a_message(talk, desk, enter):
    alice, bob, room = talk
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    finger = Finger(page)
    finger.press(7)
    finger.tap("link", "Block")
    expect(page.get_by_text("will not be told")).to_be_visible()
    assert desk("blocked", blocker=alice.id) == []
    finger.tap("button", "Block")
    expect(page.get_by_role("heading", name="Blocked people")).to_be_visible()
    assert finger.taps == 3
    assert desk("blocked", blocker=alice.id) == [bob.id]
    page.goto(f"/rooms/{room}/")
    page.get_by_role("main").get_by_role("button", name="Unblock").tap()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    assert desk("blocked", blocker=alice.id) == []


def test_ones_own_messages_have_neither(talk, enter):
    alice, _bob, room = talk
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    finger = Finger(page)
    finger.press(8)
    expect(page.get_by_role("button", name="Edit")).to_be_visible()
    for name in ("Report", "Block"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_the_menu_of_a_conversation_reports_and_blocks(talk, desk, enter):
    alice, bob, room = talk
    page = connected(enter(alice, f"/rooms/{room}/", **PHONE))
    finger = Finger(page)
    finger.tap("button", "More")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Report")).to_have_count(0)
    finger.tap("button", "More")
    finger.tap("link", "Report")
    expect(page.get_by_role("main").get_by_text("Add messages")).to_be_visible()
    page.go_back()
    finger.tap("button", "More")
    finger.tap("link", "Block")
    finger.tap("button", "Block")
    expect(page.get_by_role("heading", name="Blocked people")).to_be_visible()
    assert desk("blocked", blocker=alice.id) == [bob.id]


def test_without_scripts_everything_is_a_page(talk, desk, enter, problems):
    alice, bob, room = talk
    page = enter(alice, f"/rooms/{room}/", java_script_enabled=False, **PHONE)
    articles(page).nth(6).get_by_role("link", name="Message actions").tap()
    page.get_by_role("link", name="Report").tap()
    main = page.get_by_role("main")
    main.get_by_label("Spam or advertising").check()
    main.get_by_text("Add more messages").tap()
    main.get_by_label("Message 5").check()
    main.get_by_role("button", name="Report").tap()
    expect(main.get_by_text("report is empty")).to_be_visible()
    problems.forgive("status of 422")
    expect(main.get_by_label("Message 5")).to_be_checked()
    main.get_by_label("Context").fill("Watches, again and again")
    main.get_by_role("button", name="Report").tap()
    expect(main.get_by_text("Thank you. Your report about Bob has been sent.")).to_be_visible()
    assert desk("reports", reporter=alice.id) == ["Watches, again and again"]
    page.goto(f"/rooms/{room}/")
    page.get_by_role("button", name="More").tap()
    page.get_by_role("link", name="Block").tap()
    main.get_by_role("button", name="Block").tap()
    expect(page.get_by_role("heading", name="Blocked people")).to_be_visible()
    assert desk("blocked", blocker=alice.id) == [bob.id]


def test_the_reporter_finds_out_what_was_decided(talk, desk, enter):
    alice, _bob, room = talk
    report = desk("report", reporter=alice.id, room=room, sequence=7, reason="harassment", context="Rude")
    (moderator,) = desk.people("Moderator")
    desk("appoint", person=moderator.id, role="moderator")
    page = connected(enter(alice, "/profile/", **PHONE))
    main = page.get_by_role("main")
    main.get_by_role("link", name="Your reports").tap()
    expect(main.get_by_text("Received")).to_be_visible()
    desk("decide", moderator=moderator.id, report=report, decision="mute", reason="Rude", days=1)
    main.get_by_role("link", name=re.compile("Bob")).tap()
    expect(main.get_by_text("We took action")).to_be_visible()
    expect(main.get_by_text("Message 7")).to_be_visible()
    assert faults(page) == []
    page.goto("/")
    main.get_by_role("button", name="Look").tap()
    expect(main.get_by_text("Decided", exact=True)).to_be_visible()
    page.goto("/")
    connected(page)
    expect(main.get_by_role("button", name="Look")).to_have_count(0)
    page.goto(f"/rooms/{room}/")
    expect(bodies(page).nth(6)).to_have_text("Message 7")
