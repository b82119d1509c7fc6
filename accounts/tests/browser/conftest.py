"""A server that anybody may join, under the name that passkeys work with."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from chatscape.testing.server import Server


@pytest.fixture(scope="session")
def server() -> "Iterator[Server]":
    """ChatScape's own process at http://localhost; mail is printed where it logs."""
    from chatscape.testing.server import Server

    with Server({"SIGN_UP": "open"}) as running:
        running.url = f"http://localhost:{running.port}"
        yield running.start()


@pytest.fixture
def new_context(new_context: "Callable[..., BrowserContext]") -> "Callable[..., BrowserContext]":
    """Open a browser profile that does not wait for half a minute for what does not come."""

    def open_context(**options: Any) -> "BrowserContext":
        context = new_context(**{"service_workers": "block", **options})
        context.set_default_timeout(10_000)
        return context

    return open_context
