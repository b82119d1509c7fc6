"""When a lost connection is tried again, and what works until then."""

import itertools
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import (
    AWAY,
    connected,
    expect_messages,
    expect_state,
    send,
    status,
)
from chat.tests.browser.sockets import Proxy, refuse_sockets

pytestmark = pytest.mark.browser

WAITS = [3, 6, 12, 24, 48]
REVIVALS = {
    "the network is back": lambda page: page.evaluate("dispatchEvent(new Event('online'))"),
    "the page is looked at": lambda page: page.evaluate(
        "document.dispatchEvent(new Event('visibilitychange'))"
    ),
    "somebody presses Reconnect": lambda page: page.get_by_role("button", name="Reconnect").click(),
}


def alone(page: Page) -> None:
    """Prepare a page whose time stands still and which neither socket nor request gets through."""
    page.clock.install()
    refuse_sockets(page)
    page.route("**/messages/**", lambda route: route.abort())
    page.route("**/rooms/", lambda route: route.abort())


def freeze(page: Page) -> None:
    now = page.evaluate("Date.now()") / 1000
    page.clock.pause_at(datetime.fromtimestamp(now + 0.5, UTC))


def attempts(page: Page) -> list[float]:
    return [at / 1000 for at in page.evaluate("attempts")]


def live_through_all_attempts(page: Page) -> None:
    for wait in WAITS:
        page.clock.run_for(int(wait * 1200) + 100)
    expect_state(page, "error")


def test_attempts_come_after_3_6_12_24_and_48_seconds_and_then_somebody_is_asked(desk, enter, problems):
    alice, _bob, room = desk.pair()
    page = enter(alice, f"/rooms/{room}/", prepare=alone)
    expect_state(page, "disconnected")
    freeze(page)
    expect(page.get_by_role("button", name="Reconnect")).to_be_hidden()
    live_through_all_attempts(page)
    made = attempts(page)
    gaps = [later - earlier for earlier, later in itertools.pairwise(made)]
    assert len(gaps) == len(WAITS)
    for gap, wait in zip(gaps, WAITS, strict=True):
        assert wait * 0.8 <= gap <= wait * 1.2 + 0.05, gaps
    expect(page.get_by_role("button", name="Reconnect")).to_be_visible()
    page.clock.run_for(600_000)
    assert len(attempts(page)) == len(made)
    page.close()
    problems.forgive(AWAY)


@pytest.mark.parametrize("reason", REVIVALS)
def test_a_page_that_gave_up_tries_again_at_once_when(reason, desk, enter, problems):
    alice, _bob, room = desk.pair()
    page = enter(alice, f"/rooms/{room}/", prepare=alone)
    expect_state(page, "disconnected")
    freeze(page)
    live_through_all_attempts(page)
    before = len(attempts(page))
    REVIVALS[reason](page)
    assert len(attempts(page)) == before + 1
    # The whole schedule lies ahead again.
    expect_state(page, "disconnected")
    page.clock.run_for(3_700)
    assert len(attempts(page)) == before + 2
    page.evaluate("window.refuse = false")
    page.clock.run_for(7_300)
    expect_state(page, "connected")
    expect(page.get_by_role("button", name="Reconnect")).to_be_hidden()
    page.close()
    problems.forgive(AWAY)


def test_where_sockets_are_refused_the_page_asks_says_so_and_returns_to_the_socket(
    desk, enter, server, problems
):
    alice, bob, room = desk.pair()
    hers = connected(enter(alice, f"/rooms/{room}/"))
    with Proxy(server.port) as proxy:
        his = enter(bob, f"/rooms/{room}/", base_url=proxy.url, prepare=lambda page: page.clock.install())
        expect_state(his, "disconnected")
        his.clock.fast_forward(4_000)
        expect_state(his, "polling")
        expect(status(his)).to_have_text("Live updates are slow: checking every few seconds")
        assert proxy.refused >= 2
        send(hers, "Do you hear me?")
        expect_messages(his, ["Do you hear me?"])
        send(his, "Slowly, but yes")
        expect_messages(his, ["Do you hear me?", "Slowly, but yes"])
        expect_messages(hers, ["Do you hear me?", "Slowly, but yes"])

        proxy.refusing = False
        # The longest wait of the schedule.
        his.clock.fast_forward(60_000)
        expect_state(his, "connected")
        send(hers, "And now?")
        for page in (hers, his):
            expect_messages(page, ["Do you hear me?", "Slowly, but yes", "And now?"])
        his.close()
    problems.forgive(AWAY)


def test_a_server_that_restarts_says_when_to_come_back(desk, enter):
    alice, _bob, room = desk.pair()
    opened = []

    def watched(page):
        page.clock.install()
        page.route_web_socket("**/ws/", lambda socket: (opened.append(socket), socket.connect_to_server()))

    page = enter(alice, f"/rooms/{room}/", prepare=watched)
    expect_state(page, "connected")
    freeze(page)
    opened[0].close(code=1012, reason="reconnect after 7-9 s")
    expect_state(page, "disconnected")
    # When it comes back is all there to be read, on the smallest screen, too.
    expect(status(page)).to_contain_text(re.compile(r"Reconnecting in [789] s"))
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert status(page).evaluate("pill => pill.scrollWidth <= pill.clientWidth")
    page.clock.run_for(6_900)
    assert len(opened) == 1
    page.clock.run_for(2_200)
    expect_state(page, "connected")
    assert len(opened) == 2
