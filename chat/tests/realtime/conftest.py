"""Pages of alice, bob and mallory, and proof that nothing is left behind by them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chat.tests.realtime.pages import Page


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["chat.example", "testserver"]


@pytest.fixture
async def open_page(transactional_db: None) -> "AsyncIterator[Callable[..., Awaitable[Page]]]":
    """Open a socket for a person who signs in for it. Afterwards no page may have left a trace."""
    from chat.realtime.hub import ensure_hub, stop_hub
    from chat.tests.realtime.pages import Loopback, Page, database, sign_in

    pages: list[Page] = []

    async def open_page(user: Any, kind: type[Page] = Page, **options: Any) -> Page:
        session = options.pop("session", None) or await database(sign_in, user)
        pages.append(kind(await Loopback.open(session, **options)))
        return pages[-1]

    yield open_page
    for page in pages:
        await page.close()
    hub = ensure_hub()
    assert not hub.groups
    assert not hub.sockets
    await stop_hub()
