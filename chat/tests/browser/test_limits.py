"""Who is asked to be slower, or to say it otherwise, loses nothing of what they wrote (MO5, MO6)."""

import pytest
from playwright.sync_api import expect

from chat.tests.browser.desk import Desk
from chat.tests.browser.people import connected, expect_messages, log, send

pytestmark = pytest.mark.browser

NOTE = "You write fast. It is sent in a moment."


@pytest.mark.parametrize("blocked", [False, True], ids=["socket", "http"])
def test_a_message_that_comes_too_fast_waits_and_arrives_by_itself(serve, enter, problems, blocked):
    server = serve({"LIMITS": "on", "LIMIT_SEND": "3/9s"})
    with Desk(server) as desk:
        alice, bob, room = desk.pair()

        hers = enter(alice, f"/rooms/{room}/", base_url=server.url)
        if blocked:
            hers.route_web_socket("**/ws/", lambda socket: socket.close())
            hers.reload()
        else:
            connected(hers)
        his = connected(enter(bob, f"/rooms/{room}/", base_url=server.url))
        texts = [f"Word {number}" for number in range(6)]
        for text in texts:
            send(hers, text)
        waiting = log(hers).locator("article", has_text=NOTE)
        expect(waiting.last).to_contain_text("Word 5")
        # It is no failure: there is nothing to press.
        expect(log(hers).locator("[data-state=failed]")).to_have_count(0)
        expect(log(hers).get_by_role("button", name="Retry")).to_have_count(0)
        expect(log(hers).locator("[data-state]")).to_have_count(0, timeout=20_000)
        for page in (hers, his):
            expect_messages(page, texts)
        expect(log(hers).get_by_text(NOTE)).to_have_count(0)
        assert desk("bodies", room=room) == texts
    problems.forgive(r"429|WebSocket")
