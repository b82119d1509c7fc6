"""What one writes is on the page at once, arrives once, and is never lost."""

import json

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import (
    AWAY,
    articles,
    connected,
    expect_messages,
    expect_state,
    log,
    send,
)
from chat.tests.browser.sockets import Between
from chatscape.testing.processes import wait_until

pytestmark = pytest.mark.browser

# Says, inside the page, what became of a key press before the browser had a chance to paint.
PRESS_ENTER = """
  text => {
    const box = document.getElementById("body")
    box.value = text
    box.dispatchEvent(new InputEvent("input", {bubbles: true}))
    const start = performance.now()
    box.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))
    const article = [...document.querySelectorAll(".messages-log article[data-state=sending]")].at(-1)
    const took = performance.now() - start
    return {took, text: article?.querySelector(".message-body").textContent, left: box.value}
  }
"""


def box(page):
    return page.get_by_label("Message", exact=True)


def test_a_message_is_shown_before_the_next_frame_however_slow_the_network_is(desk, enter):
    alice, bob, room = desk.pair()
    between = []
    hers = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: between.append(Between(page))))
    his = connected(enter(bob, f"/rooms/{room}/"))
    expect(log(hers)).to_have_count(1)
    between[0].holding = True
    texts = [f"Before you blink {number}" for number in range(5)]
    pressed = [hers.evaluate(PRESS_ENTER, text) for text in texts]
    # On the page when the key's event has been handled: nothing of the network and no frame in between.
    assert [answer["text"] for answer in pressed] == texts
    assert {answer["left"] for answer in pressed} == {""}
    # On a machine that is busy with other things, one of five says how long it takes.
    assert min(answer["took"] for answer in pressed) < 50
    expect(articles(his)).to_have_count(0)

    between[0].release()
    for page in (hers, his):
        expect_messages(page, texts)
    expect(log(hers).locator("article[data-own]")).to_have_count(5)
    assert desk("bodies", room=room) == texts
    assert sum("message.post" in frame for frame in between[0].sent) == 5


def test_messages_written_while_nothing_gets_through_arrive_once_and_in_order(desk, enter):
    alice, bob, room = desk.pair()
    between = []
    hers = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: between.append(Between(page))))
    his = connected(enter(bob, f"/rooms/{room}/"))
    between[0].holding = True
    texts = [f"Thought {number}" for number in range(5)]
    for text in texts:
        send(hers, text)
    expect(log(hers).locator("[data-state=sending] .message-body")).to_have_text(texts)
    between[0].release()
    for page in (hers, his):
        expect_messages(page, texts)


def test_a_message_that_cannot_leave_keeps_its_words_and_leaves_by_itself_once_there_is_a_way(
    desk, enter, problems
):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: page.clock.install()))
    page.context.set_offline(True)
    expect_state(page, "disconnected")
    send(page, "Into the void")
    expect(articles(page)).to_have_attribute("data-state", "sending")
    page.clock.fast_forward(11_000)
    expect(articles(page)).to_have_attribute("data-state", "failed")
    expect(articles(page)).to_contain_text("Into the void")
    expect(articles(page).get_by_role("button", name="Retry")).to_be_visible()
    expect(articles(page).get_by_role("button", name="Delete")).to_be_visible()
    page.context.set_offline(False)
    expect_messages(page, ["Into the void"])
    page.reload()
    connected(page)
    expect_messages(page, ["Into the void"])
    assert desk("bodies", room=room) == ["Into the void"]
    problems.forgive(AWAY)


def refuse_posts(page, code="forbidden", field="", message="Not today."):
    """Let the socket answer each post with an error."""

    def routed(socket):
        server = socket.connect_to_server()

        def from_page(frame):
            asked = json.loads(frame)
            if asked["action"] == "message.post" and refusing[0]:
                error = {
                    "ref": asked["ref"],
                    "status": "error",
                    "code": code,
                    "message": message,
                    "field": field,
                }
                socket.send(json.dumps(error))
            else:
                server.send(frame)

        socket.on_message(from_page)

    refusing = [True]
    page.route_web_socket("**/ws/", routed)
    return refusing


def test_a_refused_message_says_why_survives_a_reload_and_can_be_retried(desk, enter):
    alice, _bob, room = desk.pair()
    refusing = []
    page = connected(
        enter(alice, f"/rooms/{room}/", prepare=lambda page: refusing.append(refuse_posts(page)))
    )
    send(page, "Refuse me")
    failed = articles(page)
    expect(failed).to_have_attribute("data-state", "failed")
    expect(failed).to_contain_text("Not today.")
    page.reload()
    connected(page)
    expect(articles(page)).to_have_attribute("data-state", "failed")
    expect(articles(page).locator(".message-body")).to_have_text("Refuse me")
    refusing[0][0] = False
    articles(page).get_by_role("button", name="Retry").click()
    expect_messages(page, ["Refuse me"])
    assert desk("bodies", room=room) == ["Refuse me"]


def test_a_refused_message_can_be_given_up(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/", prepare=refuse_posts))
    send(page, "Forget me")
    articles(page).get_by_role("button", name="Delete").click()
    expect(articles(page)).to_have_count(0)
    page.reload()
    connected(page)
    expect(articles(page)).to_have_count(0)
    expect(page.get_by_text("No messages yet. Say hello.")).to_be_visible()


def test_words_the_server_finds_fault_with_come_back_into_the_box(desk, enter):
    alice, _bob, room = desk.pair()

    def prepare(page):
        refuse_posts(page, code="invalid", field="body", message="message is too rude")

    page = connected(enter(alice, f"/rooms/{room}/", prepare=prepare))
    send(page, "Bother")
    expect(page.get_by_text("message is too rude")).to_be_visible()
    expect(box(page)).to_have_value("Bother")
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    expect(articles(page)).to_have_count(0)


def test_a_double_click_on_send_sends_once(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    box(page).fill("Twice or once?")
    page.get_by_role("button", name="Send").dblclick()
    expect_messages(page, ["Twice or once?"])
    expect(page.get_by_text("message is empty")).to_have_count(0)
    send(page, "Next")
    expect_messages(page, ["Twice or once?", "Next"])
    assert desk("bodies", room=room) == ["Twice or once?", "Next"]


def test_nothing_to_say_is_said_so_and_sends_nothing(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    send(page, "   ")
    expect(page.get_by_text("message is empty")).to_be_visible()
    assert desk("bodies", room=room) == []


def test_a_draft_survives_a_reload_and_a_visit_elsewhere(desk, enter):
    alice, _bob, room = desk.pair()
    (carol,) = desk.people("Carol")
    other = desk("befriend", one=alice.id, other=carol.id)
    page = connected(enter(alice, f"/rooms/{room}/"))
    box(page).fill("Half a thou")
    page.reload()
    expect(box(page)).to_have_value("Half a thou")
    page.locator(f'room-list li[data-room="{other}"] a').click()
    expect(page.get_by_role("main").get_by_role("heading", name="Carol")).to_be_visible()
    expect(box(page)).to_have_value("")
    page.go_back()
    expect(page.get_by_role("main").get_by_role("heading", name="Bob")).to_be_visible()
    expect(box(page)).to_have_value("Half a thou")
    box(page).fill("Half a thought, finished")
    box(page).press("Enter")
    expect_messages(page, ["Half a thought, finished"])
    page.reload()
    expect(box(page)).to_have_value("")


def test_enter_sends_and_shift_enter_breaks_the_line(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    box(page).press_sequentially("One line")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("and another")
    box(page).press("Enter")
    expect_messages(page, ["One line and another"])
    assert desk("bodies", room=room) == ["One line\nand another"]


def test_enter_that_ends_a_composition_does_not_send(desk, enter):
    alice, _bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    box(page).focus()
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    # What browsers report while an input method has the key: isComposing, or the code 229 alone.
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        box(page).evaluate(
            "(box, given) => box.dispatchEvent(new KeyboardEvent('keydown', given))",
            {"key": "Enter", "bubbles": True, "cancelable": True, **composing},
        )
    expect(box(page)).to_have_value("にほ")
    expect(articles(page)).to_have_count(0)
    keyboard.send("Input.insertText", {"text": "日本"})
    expect(box(page)).to_have_value("日本")
    box(page).press("Enter")
    expect_messages(page, ["日本"])


def test_editing_and_deleting_show_on_both_sides(desk, enter):
    alice, bob, room = desk.pair()
    for text in ("First", "Second"):
        desk("say", author=alice.id, room=room, body=text)
    hers, his = (connected(enter(person, f"/rooms/{room}/")) for person in (alice, bob))
    articles(hers).first.hover()
    articles(hers).first.get_by_role("link", name="Message actions").click()
    hers.get_by_role("button", name="Edit").click()
    editor = articles(hers).first.get_by_role("textbox", name="Message")
    expect(editor).to_have_value("First")
    editor.fill("First, corrected")
    editor.press("Enter")
    for page in (hers, his):
        expect_messages(page, ["First, corrected", "Second"])
        expect(articles(page).first).to_contain_text("edited")

    articles(hers).nth(1).hover()
    articles(hers).nth(1).get_by_role("link", name="Message actions").click()
    hers.locator("message-menu").get_by_role("button", name="Delete").click()
    hers.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for page in (hers, his):
        expect_messages(page, ["First, corrected", "Message deleted"])
    # Somebody else's message offers neither.
    articles(his).first.hover()
    articles(his).first.get_by_role("link", name="Message actions").click()
    expect(his.get_by_role("button", name="Copy text")).to_be_visible()
    expect(his.get_by_role("button", name="Edit")).to_have_count(0)
    wait_until(lambda: desk("bodies", room=room) == ["First, corrected", ""])
