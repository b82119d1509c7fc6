"""Pages read at start-up where the socket is now, and work when nobody tells them."""

import re
import time

import pytest

from chat.tests.browser.people import AWAY, connected, expect_messages, send

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(desk, enter):
    """Open a room whose configuration is answered by the test: the page and its sockets' addresses."""

    def open_room(answer):
        alice, bob, room = desk.pair()
        desk("say", author=bob.id, room=room, body="Hello")
        sockets: list[str] = []

        def prepare(page):
            page.route("**/config.json", answer)
            page.on("websocket", lambda socket: sockets.append(re.sub(r"^ws://[^/]+", "", socket.url)))

        return enter(alice, f"/rooms/{room}/", prepare=prepare), sockets

    return open_room


def until(page, condition) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert condition()


def test_another_address_is_gone_to_at_once(opened, problems):
    # The same server, so that somebody answers there.
    page, sockets = opened(lambda route: route.fulfill(json={"socket": "/ws/?moved"}))

    until(page, lambda: len(sockets) == 2)
    connected(page)
    send(page, "There?")
    expect_messages(page, ["Hello", "There?"])
    assert sockets == ["/ws/", "/ws/?moved"]
    # The one before may still be opening.
    problems.forgive(AWAY)


@pytest.mark.parametrize("address", ["/nobody/", 5, {"a": 1}])
def test_an_address_where_nobody_answers_is_left_again(opened, problems, address):
    page, sockets = opened(lambda route: route.fulfill(json={"socket": address}))

    until(page, lambda: len(sockets) >= 3)
    connected(page)
    assert sockets[0] == sockets[2] == "/ws/" != sockets[1]
    problems.forgive(AWAY)


@pytest.mark.parametrize("address", ["mailto:somebody", None, "", "http://["])
def test_what_is_no_address_is_not_gone_to(opened, problems, address):
    page, sockets = opened(lambda route: route.fulfill(json={"socket": address}))

    connected(page)
    send(page, "Still here?")
    expect_messages(page, ["Hello", "Still here?"])
    assert sockets == ["/ws/"]


@pytest.mark.parametrize("how", ["abort", "404", "words"])
def test_without_a_configuration_the_page_works(opened, problems, how):
    answers = {
        "abort": lambda route: route.abort(),
        "404": lambda route: route.fulfill(status=404, body=""),
        "words": lambda route: route.fulfill(body="<html>Sign in to the hotel's network"),
    }
    page, sockets = opened(answers[how])

    connected(page)
    send(page, "Anyway")
    expect_messages(page, ["Hello", "Anyway"])
    assert sockets == ["/ws/"]
    problems.forgive("config.json")
