"""Days, times, groups and sides: what a browser adds to messages, which are the same for everybody."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import articles, connected, expect_messages, send

pytestmark = pytest.mark.browser


@pytest.fixture
def days(desk):
    """Two messages an hour apart, around midnight in New Zealand."""
    alice, bob, room = desk.pair()
    said = [[bob.id, "Late", "2026-03-01T10:30:00+00:00"], [bob.id, "Early", "2026-03-01T11:30:00+00:00"]]
    desk("history", room=room, said=said)
    return alice, bob, room


@pytest.mark.parametrize(
    ("zone", "times", "separators"),
    [
        ("Pacific/Auckland", ["23:30", "0:30"], ["Sunday 1 March", "Monday 2 March"]),
        ("America/Los_Angeles", ["2:30", "3:30"], ["Sunday 1 March"]),
    ],
)
def test_days_and_times_are_those_of_the_reader(zone, times, separators, days, enter):
    alice, _bob, room = days
    page = connected(enter(alice, f"/rooms/{room}/", timezone_id=zone, locale="en-GB"))
    expect(articles(page).locator("time")).to_have_text([re.compile(f"^0?{time}$") for time in times])
    expect(page.locator(".day")).to_have_text([re.compile(f"^{day}( 2026)?$") for day in separators])
    expect(articles(page).locator("time").first).to_have_attribute("title", re.compile("2026"))
    send(page, "Now")
    expect_messages(page, ["Late", "Early", "Now"])
    expect(page.locator(".day").last).to_have_text("Today")


def test_one_author_within_five_minutes_is_one_group(desk, enter):
    alice, bob, room = desk.pair()
    said = [
        [bob.id, "First", "2026-03-02T12:00:00+00:00"],
        [bob.id, "Goes on", "2026-03-02T12:04:00+00:00"],
        [bob.id, "Later", "2026-03-02T12:10:00+00:00"],
        [alice.id, "Somebody else", "2026-03-02T12:10:30+00:00"],
        [bob.id, "Back again", "2026-03-02T12:11:00+00:00"],
    ]
    desk("history", room=room, said=said)
    page = connected(enter(alice, f"/rooms/{room}/"))
    marks = "(all, name) => all.map(article => article.hasAttribute(name))"
    assert articles(page).evaluate_all(marks, "data-continues") == [False, True, False, False, False]
    assert articles(page).evaluate_all(marks, "data-last") == [False, True, True, True, True]
    assert articles(page).evaluate_all(marks, "data-own") == [False, False, False, True, False]


def sides(page: Page) -> list[str]:
    """Say for each message on which half of the column its bubble begins or ends."""
    return (
        articles(page)
        .locator(".message-body")
        .evaluate_all(
            """all => all.map(body => {
             const bubble = body.getBoundingClientRect()
             const column = body.closest(".messages-log").getBoundingClientRect()
             return bubble.left - column.left < column.right - bubble.right ? "left" : "right"
           })"""
        )
    )


def test_own_messages_stand_at_the_end_side_whichever_way_the_page_reads(desk, enter):
    alice, bob, room = desk.pair()
    desk("say", author=bob.id, room=room, body="From Bob")
    desk("say", author=alice.id, room=room, body="From Alice")
    page = connected(enter(alice, f"/rooms/{room}/"))
    assert sides(page) == ["left", "right"]
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert sides(page) == ["right", "left"]
    send(page, "Another")
    expect_messages(page, ["From Bob", "From Alice", "Another"])
    assert sides(page) == ["right", "left", "left"]


def test_words_from_people_stay_words(desk, enter):
    alice, bob, room = desk.pair()
    text = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> & \"quotes\" https://example.com/a?b=1&c=2"
    desk("say", author=bob.id, room=room, body=text)
    page = connected(enter(alice, f"/rooms/{room}/"))
    expect_messages(page, [text])
    send(page, text)
    expect_messages(page, [text, text])
    assert page.evaluate("window.hacked") is None
    link = articles(page).first.get_by_role("link", name="https://example.com/a?b=1&c=2")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
