"""A page that has not changed is not sent again, and works as if it had been."""

from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import articles, bodies, connected, expect_messages, send
from chatscape.testing.browser import launch

pytestmark = pytest.mark.browser

# How a page looks when it is next painted after it came back from the browser's memory.
NOTE_WHAT_COMES_BACK = """
  addEventListener("pageshow", ({persisted}) => persisted && requestAnimationFrame(() => {
    sessionStorage.shown = getComputedStyle(document.documentElement).opacity
  }))
"""


def statuses_of(page, path):
    """Collect what the server answers to this address, whatever the browser makes of it."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    asked, found = set(), []
    session.on(
        "Network.requestWillBeSent",
        lambda event: asked.add(event["requestId"]) if event["request"]["url"].endswith(path) else None,
    )
    session.on(
        "Network.responseReceivedExtraInfo",
        lambda event: found.append(event["statusCode"]) if event["requestId"] in asked else None,
    )
    return found


def test_a_page_that_came_as_304_runs_its_scripts_and_sends_its_forms(desk, enter):
    alice, bob, room = desk.pair()
    desk("say", author=bob.id, room=room, body="Before")
    path = f"/rooms/{room}/"
    page = connected(enter(alice, path))
    expect(articles(page)).to_have_count(1)
    statuses = statuses_of(page, path)
    # Reading it changes what the page says: it settles.
    for _time in range(20):
        page.goto(path)
        connected(page)
        if statuses[-1] == 304:
            break

    assert statuses[-1] == 304
    # Its nonce is that of the policy it came with: scripts run, and sockets connect.
    send(page, "After")
    expect_messages(page, ["Before", "After"])
    # A form that goes without scripts has a token that is still good.
    page.evaluate("document.querySelector('form[action$=logout\\\\/]').requestSubmit()")
    page.wait_for_url("**/")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_what_changed_is_sent(desk, enter):
    alice, bob, room = desk.pair()
    path = f"/rooms/{room}/"
    page = connected(enter(alice, path))
    statuses = statuses_of(page, path)
    desk("say", author=bob.id, room=room, body="New")

    page.goto(path)

    expect(articles(page)).to_have_count(1)
    assert statuses[0] == 200


def test_without_javascript_one_goes_back_and_writes_on(desk, enter):
    alice, bob, room = desk.pair()
    page = enter(alice, f"/rooms/{room}/", java_script_enabled=False)

    def write(text):
        page.get_by_label("Message", exact=True).fill(text)
        page.get_by_role("button", name="Send").click()

    write("One")
    expect(bodies(page)).to_have_text(["One"])
    write("Two")
    expect(bodies(page)).to_have_text(["One", "Two"])
    desk("say", author=bob.id, room=room, body="Three")
    page.go_back()
    # What is shown again is today's page, not yesterday's.
    page.goto(f"/rooms/{room}/")
    expect(bodies(page)).to_have_text(["One", "Two", "Three"])
    write("Four")
    expect(bodies(page)).to_have_text(["One", "Two", "Three", "Four"])
    page.go_back()
    write("Five")
    expect(bodies(page)).to_have_text(["One", "Two", "Three", "Four", "Five"])


def test_the_next_person_at_the_same_browser_sees_their_own_pages(desk, enter, server, problems):
    alice, bob, room = desk.pair()
    (mallory,) = desk.people("Mallory")
    problems.forgive("status of 404")
    desk("say", author=bob.id, room=room, body="For Alice only")
    page = connected(enter(alice, f"/rooms/{room}/"))
    page.goto("/")
    page.goto("/contacts/")
    page.context.clear_cookies()
    cookie = {"name": "chatscape_session", "value": mallory.session, "url": server.url}
    page.context.add_cookies([cookie])
    for go in (lambda: page.goto("/"), page.go_back, page.go_back, page.go_back):
        go()
        expect(
            page.get_by_text("Mallory").or_(page.get_by_role("heading", name="found")).first
        ).to_be_visible()
        assert "Alice" not in page.content()
        assert "Bob" not in page.content()


def test_going_back_after_signing_out_shows_nothing(desk, browser, server):
    """Unlike the browser of the other journeys, this one keeps pages as they are for going back."""
    alice, _bob, room = desk.pair()
    machine = SimpleNamespace(chromium=browser.browser_type)
    with launch(machine, ignore_default_args=["--disable-back-forward-cache"]) as keeping:
        context = keeping.new_context(base_url=server.url, service_workers="block")
        context.add_cookies([{"name": "chatscape_session", "value": alice.session, "url": server.url}])
        page = context.new_page()
        page.add_init_script(NOTE_WHAT_COMES_BACK)
        for path in ("/contacts/", f"/rooms/{room}/"):
            page.goto(path)
            connected(page)
        # First that it is such a browser, and that pages come back whole.
        page.goto("/profile/")
        page.go_back(wait_until="commit")
        connected(page)
        page.wait_for_function("sessionStorage.shown === '1'")
        page.evaluate("sessionStorage.removeItem('shown')")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
        page.go_back(wait_until="commit")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert page.evaluate("sessionStorage.shown ?? '0'") == "0"
