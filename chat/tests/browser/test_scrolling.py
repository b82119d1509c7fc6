"""The view stays where the reader wants it."""

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import articles, connected, expect_messages, log, room_row, send

pytestmark = pytest.mark.browser

# Scrolls to the top and tells how far the first message there moved while older ones came in above it.
LOAD_OLDER = """
  async () => {
    const scroller = document.querySelector(".messages-scroller")
    const log = scroller.querySelector(".messages-log")
    const first = log.querySelector("article")
    const count = log.querySelectorAll("article").length
    const frame = () => new Promise(requestAnimationFrame)
    scroller.scrollTop = 0
    let top
    while (log.querySelectorAll("article").length === count) {
      top = first.getBoundingClientRect().top
      await frame()
    }
    await frame()
    return Math.abs(first.getBoundingClientRect().top - top)
  }
"""
MORE = "known => document.querySelector('#m-300') || document.querySelectorAll('article').length > known"
SEQUENCES = "all => all.map(a => +a.dataset.sequence)"


def scroller(page: Page):
    return page.locator(".messages-scroller")


def scroll_top(page: Page) -> int:
    return int(scroller(page).evaluate("element => element.scrollTop"))


def from_bottom(page: Page) -> int:
    return int(scroller(page).evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight"))


def pill(page: Page):
    return page.locator(".new-pill")


@pytest.fixture
def long_room(desk):
    """A conversation of 300 messages, all read by both."""
    alice, bob, room = desk.pair()
    desk("fill", room=room, authors=[alice.id, bob.id], count=300)
    for reader in (alice, bob):
        desk("read", reader=reader.id, room=room, sequence=300)
    return alice, bob, room


def test_at_the_bottom_the_view_follows_new_messages(long_room, enter):
    alice, bob, room = long_room
    hers, his = (connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob))
    for number in range(3):
        send(his, f"News {number}")
        expect(articles(hers).last).to_contain_text(f"News {number}")
        expect(articles(hers).last).to_be_in_viewport()
        expect(pill(hers)).to_be_hidden()


def test_further_up_the_view_stays_and_a_pill_leads_to_the_new_messages(long_room, enter):
    alice, bob, room = long_room
    hers, his = (connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob))
    scroller(hers).evaluate("element => { element.scrollTop = element.scrollHeight / 2 }")
    before = scroll_top(hers)
    send(his, "News from below")
    expect(pill(hers)).to_be_visible()
    assert scroll_top(hers) == before
    pill(hers).click()
    expect(articles(hers).last).to_contain_text("News from below")
    expect(articles(hers).last).to_be_in_viewport()
    expect(pill(hers)).to_be_hidden()
    assert from_bottom(hers) <= 1


def test_what_one_sends_oneself_is_always_in_sight(long_room, enter):
    alice, _bob, room = long_room
    page = connected(enter(alice, f"/rooms/{room}/"))
    scroller(page).evaluate("element => { element.scrollTop = element.scrollHeight / 2 }")
    send(page, "From the middle")
    expect(articles(page).last).to_contain_text("From the middle")
    expect(articles(page).last).to_be_in_viewport()
    expect(pill(page)).to_be_hidden()


def test_older_pages_come_in_above_without_moving_what_is_read_without_gap_or_repeat(long_room, enter):
    alice, _bob, room = long_room
    page = connected(enter(alice, f"/rooms/{room}/"))
    expect(articles(page)).not_to_have_count(0)
    while page.locator("#m-1").count() == 0:
        assert page.evaluate(LOAD_OLDER) <= 2
    assert log(page).locator("article").evaluate_all(SEQUENCES) == list(range(1, 301))
    expect(page.get_by_role("link", name="Show earlier messages")).to_have_count(0)


def test_a_permalink_shows_its_message_and_the_way_back_to_the_newest(long_room, enter):
    alice, bob, room = long_room
    page = connected(enter(alice, f"/rooms/{room}/messages/100/"))
    linked = page.locator("#m-100")
    expect(linked).to_be_in_viewport()
    expect(linked).to_have_attribute("data-target", "")
    his = connected(enter(bob, f"/rooms/{room}/"))
    send(his, "Meanwhile at the end")
    expect(pill(page)).to_be_visible()
    expect(linked).to_be_in_viewport()
    page.get_by_role("link", name="Newest messages").click()
    expect(articles(page).last).to_contain_text("Meanwhile at the end")
    expect(articles(page).last).to_be_in_viewport()


def test_from_a_permalink_one_reads_on_to_the_newest_without_gap_or_repeat(long_room, enter):
    alice, bob, room = long_room
    page = connected(enter(alice, f"/rooms/{room}/messages/150/"))
    his = connected(enter(bob, f"/rooms/{room}/"))
    while page.locator("#m-300").count() == 0:
        count = articles(page).count()
        scroller(page).evaluate("element => { element.scrollTop = element.scrollHeight }")
        # The last page may have come in just before it was counted.
        page.wait_for_function(MORE, arg=count)
    sequences = log(page).locator("article").evaluate_all(SEQUENCES)
    assert sequences == list(range(sequences[0], 301))
    send(his, "Live again")
    expect(articles(page).last).to_contain_text("Live again")


def test_a_conversation_opens_at_the_first_unread_message(desk, enter):
    alice, bob, room = desk.pair()
    desk("fill", room=room, authors=[bob.id], count=120)
    desk("read", reader=alice.id, room=room, sequence=90)
    page = connected(enter(alice, f"/rooms/{room}/"))
    divider = page.get_by_role("separator").filter(has_text="New messages")
    expect(divider).to_be_in_viewport()
    expect(divider.locator("xpath=following-sibling::article[1]")).to_contain_text("Message 91")


def test_a_room_without_messages_says_hello(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    expect(page.get_by_text("No messages yet. Say hello.")).to_be_visible()
    send(page, "Hello")
    expect_messages(page, ["Hello"])
    expect(page.get_by_text("No messages yet. Say hello.")).to_be_hidden()


def test_an_outline_of_what_comes_shows_only_when_it_takes_a_while(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice))
    held = []
    page.route(f"**/rooms/{room}/", lambda route: held.append(route))
    room_row(page, "Bob").click()
    outline = page.locator(".skeleton")
    expect(outline).to_be_visible()
    delays = outline.evaluate("it => it.getAnimations().map(({effect}) => effect.getTiming().delay)")
    assert delays == [150]
    held[0].continue_()
    expect(page.get_by_role("main").get_by_role("heading", name="Bob")).to_be_visible()
    expect(outline).to_be_hidden()
