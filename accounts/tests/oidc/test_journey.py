"""A person's way through a provider and out again, in a real browser."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from chatscape.testing.openid import ProviderServer
    from chatscape.testing.server import Server

pytestmark = pytest.mark.browser

KEPT = """
  async () => {
    const names = (await indexedDB.databases()).map(({name}) => name)
    const cached = await Promise.all((await caches.keys()).map(async name =>
      (await (await caches.open(name)).keys()).map(({url}) => url)))
    return JSON.stringify([{...localStorage}, {...sessionStorage}, names, cached, document.cookie])
  }
"""


class Place(NamedTuple):
    """ChatScape, and the provider that it is configured for."""

    server: "Server"
    provider: "ProviderServer"


@pytest.fixture(params=["standard", "cognito"])
def place(request: Any, serve: "Callable[..., Server]") -> Iterator[Place]:
    from accounts.tests.oidc.visits import callback_of
    from chatscape.testing.openid import CLIENT_ID, CLIENT_SECRET, ProviderServer
    from chatscape.testing.processes import free_port

    port = free_port()
    here = f"http://127.0.0.1:{port}"
    with ProviderServer(request.param, callbacks=[callback_of("sso", here)], homes=[f"{here}/"]) as provider:
        # Three variables, and one for the words on the button.
        env = {
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }
        yield Place(serve({**env, "OIDC_NAME": "Example"}, port=port), provider.start())


@pytest.fixture
def page(place: Place, new_context: "Callable[..., BrowserContext]") -> "Page":
    context = new_context(base_url=place.server.url)
    context.set_default_timeout(10_000)
    return context.new_page()


def sign_in(page: "Page", who: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with Example").click()
    page.get_by_label("Login").fill(who)
    page.get_by_role("button", name="Let me in").click()


def test_in_through_the_provider_and_out_at_both(place, page, problems):
    from playwright.sync_api import expect

    place.provider.twist(id_token={"set": {"nonce": "another"}})
    sign_in(page, "alice")
    expect(page.get_by_role("heading", name="You were not signed in")).to_be_visible()
    assert "code" not in page.url
    problems.forgive("status of 403")
    place.provider.twist()
    page.get_by_role("button", name="Retry").click()

    # The provider knows who it is by now.
    expect(page).to_have_url(f"{place.server.url}/")
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Connected")
    # No token is anywhere that scripts, or whoever reads over the shoulder, can look.
    for text in (page.content(), page.evaluate(KEPT)):
        assert "eyJ" not in text
        assert "code=" not in text

    page.goto("/profile/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    if place.provider.shape == "standard":
        page.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(f"{place.server.url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert "alice" not in page.evaluate(KEPT)

    # Signed out at the provider, too: it asks again who one is.
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with Example").click()
    expect(page.get_by_label("Login")).to_be_visible()
