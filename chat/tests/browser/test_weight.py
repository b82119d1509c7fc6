"""Pages are light, and come from this server alone."""

import gzip

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import articles, connected

pytestmark = pytest.mark.browser

MOST = 60 * 1024
PATHS = ("/", "/contacts/", "/contacts/new/", "/profile/", "/install/", "/offline/")


def test_a_room_page_weighs_little(desk, enter):
    alice, bob, room = desk.pair()
    desk("fill", room=room, authors=[alice.id, bob.id], count=300)
    page = enter(alice)
    scripts: dict[str, int] = {}

    def count(response):
        if response.request.resource_type == "script":
            scripts[response.url] = len(gzip.compress(response.body(), 6))

    page.on("response", count)
    answer = page.goto(f"/rooms/{room}/")
    connected(page)
    assert answer
    assert len(answer.body()) <= MOST
    expect(articles(page)).not_to_have_count(0)
    assert scripts
    assert sum(scripts.values()) <= MOST, scripts


def test_pages_ask_nobody_but_their_own_server(desk, enter, new_context, server):
    alice, bob, room = desk.pair()
    desk("say", author=bob.id, room=room, body="Look: https://example.com/picture.png")
    asked: set[str] = set()

    def prepare(page):
        page.on("request", lambda request: asked.add(request.url))
        page.on("websocket", lambda socket: asked.add(socket.url.replace("ws:", "http:", 1)))

    page = connected(enter(alice, f"/rooms/{room}/", prepare=prepare))
    for path in PATHS:
        page.goto(path)
    visitor = new_context().new_page()
    prepare(visitor)
    for path in ("/", "/accounts/login/", "/accounts/password/reset/"):
        visitor.goto(path)
    assert f"{server.url}/ws/" in asked
    assert {url for url in asked if not url.startswith((f"{server.url}/", "data:"))} == set()
    # Nor is there anything to find out who they are for scripts.
    for tab in (page, visitor):
        assert "session" not in tab.evaluate("document.cookie + JSON.stringify(localStorage)").lower()
