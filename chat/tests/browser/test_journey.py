"""From an empty server to a conversation, as people walk it."""

import re

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import (
    add_contact,
    articles,
    connected,
    expect_messages,
    log,
    room_row,
    send,
    sign_up,
)

pytestmark = pytest.mark.browser

# A browser with scripts switched off calls what is announced and not loaded refused.
UNUSED_SCRIPT = r"/static/\S+\.js: csp$"


def test_the_first_visitor_owns_the_server_and_talks_with_somebody_they_invite(serve, new_context):
    server = serve()
    alice, bob = (new_context(base_url=server.url, service_workers="allow").new_page() for _ in range(2))
    alice.goto("/")
    expect(alice.get_by_text("whoever signs up first runs this server")).to_be_visible()
    alice.get_by_role("link", name="Sign up").click()
    expect(alice.get_by_text("this account owns the server")).to_be_visible()
    sign_up(alice, "Alice", "alice@example.com")
    expect(alice.get_by_role("heading", name="Welcome, Alice")).to_be_visible()

    link = add_contact(alice, "Bob", "bob@example.com", "Hello Bob, it is me")
    bob.goto(link)
    expect(bob.get_by_text("invites you to ChatScape")).to_be_visible()
    bob.get_by_role("link", name="Sign up").click()
    expect(bob.get_by_label("Email")).to_have_value("bob@example.com")
    expect(bob.get_by_label("Name")).to_have_value("Bob")
    sign_up(bob, "Bob", "bob@example.com")
    expect(bob.get_by_text("Hello Bob, it is me")).to_be_visible()
    bob.get_by_role("button", name="Accept").first.click()

    # The conversation is in alice's list by itself: what she said waits there already.
    row = room_row(alice, "Bob")
    expect(row).to_be_visible()
    row.click()
    for page, other in ((alice, "Bob"), (bob, "Alice")):
        connected(page)
        expect(page.get_by_role("main").get_by_role("heading", name=other)).to_be_visible()
        expect_messages(page, ["Hello Bob, it is me"])

    texts = ["Hello Bob, it is me"]
    for number in range(3):
        for page, name in ((alice, "Alice"), (bob, "Bob")):
            send(page, f"{name} says {number}")
            texts.append(f"{name} says {number}")
            for seen_by in (alice, bob):
                expect_messages(seen_by, texts)
    orders = [page.locator("article").evaluate_all("all => all.map(a => a.id)") for page in (alice, bob)]
    assert orders[0] == orders[1]


def test_somebody_elsewhere_sees_an_unread_count_in_the_list_and_the_title_and_where_new_begins(desk, enter):
    alice, bob, room = desk.pair()
    desk("say", author=alice.id, room=room, body="Read long ago")
    desk("read", reader=bob.id, room=room, sequence=1)
    hers, his = connected(enter(alice, f"/rooms/{room}/")), connected(enter(bob))
    expect(room_row(his, "Alice")).not_to_contain_text("unread")
    for count, text in enumerate(("One", "Two", "Three"), start=1):
        send(hers, text)
        expect(room_row(his, "Alice").locator(".unread")).to_have_text(re.compile(rf"^{count}\b"))
        expect(room_row(his, "Alice")).to_contain_text(text)
        # The title counts conversations.
        expect(his).to_have_title(re.compile(r"^\(1\)"))

    room_row(his, "Alice").click()
    divider = his.get_by_role("separator").filter(has_text="New messages")
    expect(divider).to_have_count(1)
    expect(divider.locator("xpath=following-sibling::article[1]")).to_contain_text("One")
    expect(room_row(his, "Alice").locator(".unread")).to_have_count(0)
    expect(his).not_to_have_title(re.compile(r"^\("))
    # It was read for good, not only here.
    again = connected(enter(bob))
    expect(room_row(again, "Alice")).to_be_visible()
    expect(room_row(again, "Alice").locator(".unread")).to_have_count(0)


def test_a_stranger_sees_nothing_of_a_conversation_and_hears_nothing(desk, enter, problems):
    alice, bob, room = desk.pair()
    (mallory,) = desk.people("Mallory")
    desk("say", author=alice.id, room=room, body="A secret")
    contact = desk("contact", owner=alice.id, person=bob.id)
    hers = connected(enter(alice, f"/rooms/{room}/"))
    frames: list[str] = []

    def listen(page):
        page.on(
            "websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame)))
        )

    outside = connected(enter(mallory, prepare=listen))
    kinds = ({}, {"HX-Request": "true"}, {"Accept": "application/json"})
    paths = (
        f"/rooms/{room}/",
        f"/rooms/{room}/messages/",
        f"/rooms/{room}/messages/1/",
        f"/contacts/{contact}/",
    )
    for path in paths:
        for headers in kinds:
            answer = outside.request.get(path, headers=headers)
            assert answer.status == 404, (path, headers)
            assert "secret" not in answer.text()
    # Also when she asks the socket by hand.
    asked = outside.evaluate(
        """room => new Promise((done) => {
             const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/", ["chatscape.html"])
             socket.onopen = () => socket.send(JSON.stringify({action: "room.join", room, since: 0, ref: 1}))
             socket.onmessage = ({data}) => data.includes('"ref"') && (done(data), socket.close())
           })""",
        room,
    )
    assert "not_found" in asked
    frames.clear()
    send(hers, "Another secret")
    expect_messages(hers, ["A secret", "Another secret"])
    # A frame of the person's own comes after any that was on its way.
    desk("befriend", one=alice.id, other=mallory.id)
    outside.reload()
    connected(outside)
    assert not any("secret" in frame for frame in frames)
    assert "secret" not in outside.content()


def test_everything_needed_works_without_javascript(desk, new_context, server, problems):
    (alice,) = desk.people("Alice")
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": "chatscape_session", "value": alice.session, "url": server.url}])
    hers = context.new_page()
    hers.goto("/")
    link = add_contact(hers, "Bob", "bob.without.scripts@example.com", "Hello from a plain form")

    his = new_context(java_script_enabled=False).new_page()
    his.goto(link)
    his.get_by_role("link", name="Sign up").click()
    sign_up(his, "Bob", "bob.without.scripts@example.com")
    his.get_by_role("button", name="Accept").first.click()
    expect_messages(his, ["Hello from a plain form"])
    his.get_by_label("Message", exact=True).fill("An answer\nin two lines")
    his.get_by_role("button", name="Send").click()
    expect_messages(his, ["Hello from a plain form", "An answer in two lines"])
    assert his.url.endswith("#m-2")
    his.get_by_label("Message", exact=True).fill("   ")
    his.get_by_role("button", name="Send").click()
    expect(his.get_by_text("message is empty")).to_be_visible()

    hers.goto("/")
    room_row(hers, "Bob").click()
    expect_messages(hers, ["Hello from a plain form", "An answer in two lines"])
    hers.get_by_role("button", name="Mark as read").click()
    expect(hers.get_by_role("button", name="Mark as read")).to_have_count(0)

    room_row(his, "Alice").click()
    articles(his).nth(1).get_by_role("link", name="Message actions").click()
    his.get_by_role("link", name="Edit").click()
    his.get_by_label("Message").fill("A better answer")
    his.get_by_role("button", name="Save").click()
    expect_messages(his, ["Hello from a plain form", "A better answer"])
    expect(articles(his).nth(1)).to_contain_text("edited")
    articles(his).nth(1).get_by_role("link", name="Message actions").click()
    his.get_by_role("link", name="Delete").click()
    his.get_by_role("button", name="Delete").click()
    expect_messages(his, ["Hello from a plain form", "Message deleted"])

    his.get_by_role("link", name="Details").click()
    his.get_by_role("link", name="Report").click()
    his.get_by_role("button", name="Report").click()
    expect(his.get_by_text("report is empty")).to_be_visible()
    his.get_by_label("Context").fill("Plain rudeness")
    his.get_by_role("button", name="Report").click()
    expect(his.get_by_text("Your report about Alice has been sent")).to_be_visible()
    his.get_by_role("button", name="Block").click()
    expect(his.get_by_role("main").get_by_text("Alice")).to_be_visible()
    his.get_by_role("button", name="Unblock").click()
    expect(his.get_by_text("Nobody is blocked")).to_be_visible()
    # The two forms that were sent empty.
    problems.forgive("status of 422", UNUSED_SCRIPT)


def test_older_messages_can_be_read_without_javascript(desk, new_context, server, problems):
    alice, bob, room = desk.pair()
    desk("fill", room=room, authors=[alice.id, bob.id], count=120)
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": "chatscape_session", "value": alice.session, "url": server.url}])
    page = context.new_page()
    page.goto(f"/rooms/{room}/")
    seen = log(page).get_by_role("article").count()
    for _ in range(2):
        page.get_by_role("link", name="Show earlier messages").click()
        seen += log(page).get_by_role("article").count()
    assert seen == 120
    expect(page.get_by_text("Message 1", exact=True)).to_be_visible()
    problems.forgive(UNUSED_SCRIPT)
