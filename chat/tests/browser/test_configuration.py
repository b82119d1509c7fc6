"""Pages read at start-up where the socket is now, and work when nobody tells them."""

import re
import time

import pytest

from chat.tests.browser.people import AWAY, articles, connected, expect_messages

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(desk, enter):
    """Open a room whose configuration is answered by the test: the page, its sockets, and a way to speak."""

    def open_room(answer):
        alice, bob, room = desk.pair()
        desk("say", author=bob.id, room=room, body="Hello")
        sockets: list[str] = []

        def prepare(page):
            page.route("**/config.json", answer)
            page.on("websocket", lambda socket: sockets.append(re.sub(r"^ws://[^/]+", "", socket.url)))

        page = enter(alice, f"/rooms/{room}/", prepare=prepare)
        return page, sockets, lambda body: desk("say", author=bob.id, room=room, body=body)

    return open_room


def test_another_address_is_gone_to_at_once(opened):
    # The same server, so that somebody answers there.
    page, sockets, say = opened(lambda route: route.fulfill(json={"socket": "/ws/?moved"}))

    deadline = time.monotonic() + 20
    while len(sockets) < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    connected(page)
    assert sockets == ["/ws/", "/ws/?moved"]
    say("There?")
    expect_messages(page, ["Hello", "There?"])
    assert articles(page).count() == 2


@pytest.mark.parametrize("address", ["/nobody/", "mailto:somebody", 5, None, "", "http://[", {"a": 1}])
def test_an_address_where_nobody_answers_is_left_again(opened, problems, address):
    page, sockets, say = opened(lambda route: route.fulfill(json={"socket": address}))

    connected(page)
    say("Still here?")
    expect_messages(page, ["Hello", "Still here?"])
    assert sockets[-1] == "/ws/"
    problems.forgive(AWAY)


@pytest.mark.parametrize("how", ["abort", "404", "words"])
def test_without_a_configuration_the_page_works(opened, problems, how):
    answers = {
        "abort": lambda route: route.abort(),
        "404": lambda route: route.fulfill(status=404, body=""),
        "words": lambda route: route.fulfill(body="<html>Sign in to the hotel's network"),
    }
    page, sockets, say = opened(answers[how])

    connected(page)
    say("Anyway")
    expect_messages(page, ["Hello", "Anyway"])
    assert sockets == ["/ws/"]
    problems.forgive("config.json")
