"""Journeys: people at a server, each in a browser profile of their own."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from chat.tests.browser.desk import Desk, Person
    from chatscape.testing.server import Server


@pytest.fixture(scope="session")
def desk(server: "Server") -> "Iterator[Desk]":
    """The desk of the server that all journeys share."""
    from chat.tests.browser.desk import Desk

    with Desk(server) as open_desk:
        yield open_desk


@pytest.fixture
def new_context(new_context: "Callable[..., BrowserContext]") -> "Callable[..., BrowserContext]":
    """Open a browser profile that does not wait for half a minute for what does not come.

    Its service worker is off unless asked for: it fetches the whole shell anew for each person.
    """

    def open_context(**options: Any) -> "BrowserContext":
        options.setdefault("service_workers", "block")
        context = new_context(**options)
        context.set_default_timeout(10_000)
        return context

    return open_context


@pytest.fixture
def enter(new_context: "Callable[..., BrowserContext]", server: "Server") -> "Callable[..., Page]":
    """Open a page as somebody who is signed in: `enter(alice, "/rooms/...", viewport=...)`."""

    def open_page(person: "Person", path: str = "/", *, prepare: Any = None, **options: Any) -> "Page":
        url = options.setdefault("base_url", server.url)
        context = new_context(**options)
        context.add_cookies(
            [{"name": "chatscape_session", "value": person.session, "url": url, "httpOnly": True}]
        )
        page = context.new_page()
        if prepare:
            prepare(page)
        page.goto(path)
        return page

    return open_page
