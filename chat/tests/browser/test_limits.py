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


def box(page):
    return page.get_by_label("Message", exact=True)


def test_a_word_that_is_refused_stays_to_be_changed(serve, enter):
    server = serve()
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        desk("filter_words", pattern="darn", action="block")
        hers = connected(enter(alice, f"/rooms/{room}/", base_url=server.url))
        his = connected(enter(bob, f"/rooms/{room}/", base_url=server.url))
        send(hers, "Well, DARN it")
        expect(box(hers)).to_have_value("Well, DARN it")
        expect(hers.locator("#body-error")).to_contain_text("Please say it otherwise.")
        expect(log(hers).get_by_role("article")).to_have_count(0)
        send(hers, "Well, never mind")
        for page in (hers, his):
            expect_messages(page, ["Well, never mind"])
        expect(hers.locator("#body-error")).to_be_empty()
        assert desk("bodies", room=room) == ["Well, never mind"]

        # The same where a message is changed.
        article = log(hers).get_by_role("article").first
        box(hers).press("ArrowUp")
        field = article.get_by_role("textbox", name="Message")
        field.fill("Well, darn")
        field.press("Enter")
        expect(article.get_by_role("alert")).to_contain_text("Please say it otherwise.")
        expect(field).to_have_value("Well, darn")


def test_a_message_that_waits_for_a_review_says_so_and_comes_when_it_is_let_through(serve, enter):
    server = serve()
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        [mona] = desk.people("Mona")
        desk("appoint", person=mona.id, role="moderator")
        desk("filter_words", pattern="darn", action="hold")
        hers = connected(enter(alice, f"/rooms/{room}/", base_url=server.url))
        his = connected(enter(bob, f"/rooms/{room}/", base_url=server.url))
        send(hers, "Darn it")
        expect(log(hers).get_by_role("article")).to_contain_text("Waiting for review")
        send(hers, "Anyway")
        expect_messages(his, ["Anyway"])
        hers.reload()
        expect_messages(hers, ["Darn it", "Anyway"])

        moderation = enter(mona, "/admin/chat/report/", base_url=server.url)
        moderation.get_by_role("link", name="Alice").click()
        moderation.get_by_label("Release the message").check()
        moderation.get_by_label("Reason").fill("Harmless")
        moderation.get_by_role("button", name="Decide").click()
        for page in (hers, his):
            expect_messages(page, ["Darn it", "Anyway"])
        expect(hers.get_by_text("Waiting for review")).to_have_count(0)
