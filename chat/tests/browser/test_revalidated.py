"""A page that has not changed is not sent again, and works as if it had been."""

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import articles, connected, expect_messages, send

pytestmark = pytest.mark.browser


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
