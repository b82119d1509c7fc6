"""The server dies and comes back: nothing is lost, nothing comes twice."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.desk import Desk
from chat.tests.browser.people import (
    AWAY,
    articles,
    connected,
    expect_messages,
    expect_state,
    log,
    send,
    status,
)
from chatscape.testing.processes import wait_until

pytestmark = pytest.mark.browser

# Of the schedule of reconnecting, with its jitter.
LONGEST_WAIT = 60_000


def own_clock(page: Page) -> None:
    page.clock.install()


def test_two_people_reconverge_after_the_server_was_killed_and_started_again(serve, enter, problems):
    server = serve()
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        for author, text in ((alice, "One"), (bob, "Two"), (alice, "Three")):
            desk("say", author=author.id, room=room, body=text)
        hers, his = (
            connected(
                enter(
                    person, f"/rooms/{room}/", base_url=server.url, prepare=own_clock, service_workers="allow"
                )
            )
            for person in (alice, bob)
        )
        server.kill()
        for page in (hers, his):
            expect_state(page, "disconnected")
            expect(status(page)).to_have_text(re.compile(r"Disconnected.*Reconnecting in \d+ s"))
        send(hers, "Typed while it was down")
        expect(articles(hers).last).to_have_attribute("data-state", "sending")
        # Another process of the same house changes things meanwhile.
        desk("edit", author=alice.id, room=room, sequence=1, body="One, corrected")
        desk("delete", author=bob.id, room=room, sequence=2)
        desk("say", author=bob.id, room=room, body="Said meanwhile")

        server.start()
        for page in (hers, his):
            page.clock.fast_forward(LONGEST_WAIT)
            expect_state(page, "connected")
        everything = [
            "One, corrected",
            "Message deleted",
            "Three",
            "Said meanwhile",
            "Typed while it was down",
        ]
        for page in (hers, his):
            expect_messages(page, everything)
        stored = desk("bodies", room=room)
        assert stored == ["One, corrected", "", "Three", "Said meanwhile", "Typed while it was down"]
        orders = [
            log(page).locator("article").evaluate_all("all => all.map(a => a.id)") for page in (hers, his)
        ]
        assert orders[0] == orders[1]
        # The same as if both had just come.
        his.reload()
        expect_messages(connected(his), everything)
        send(his, "Welcome back")
        expect_messages(hers, [*everything, "Welcome back"])
    problems.forgive(AWAY)


def test_an_absence_too_long_to_catch_up_with_ends_in_what_a_fresh_load_shows(serve, enter, problems):
    server = serve()
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        page = connected(enter(alice, f"/rooms/{room}/", base_url=server.url, prepare=own_clock))
        server.kill()
        expect_state(page, "disconnected")
        desk("fill", room=room, authors=[alice.id, bob.id], count=400)
        server.start()
        page.clock.fast_forward(LONGEST_WAIT)
        expect_state(page, "connected")
        expect(articles(page).last).to_contain_text("Message 400")
        sequences = log(page).locator("article").evaluate_all("all => all.map(a => +a.dataset.sequence)")
        assert sequences == list(range(sequences[0], 401))
        assert len(sequences) >= 50
    problems.forgive(AWAY)


def test_somebody_whose_session_has_ended_is_asked_to_sign_in_and_finds_their_words_again(
    desk, enter, server
):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    page.get_by_label("Message", exact=True).fill("Not finished yet")
    page.context.clear_cookies(name="chatscape_session")
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.context.add_cookies([{"name": "chatscape_session", "value": alice.session, "url": server.url}])
    page.goto(f"/rooms/{room}/")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Not finished yet")
    wait_until(lambda: desk("bodies", room=room) == [])
