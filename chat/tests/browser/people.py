"""What people do on pages, in the words on the screen."""

import re
from collections.abc import Iterable

from playwright.sync_api import Locator, Page, expect

PASSWORD = "correct horse battery"


def sign_up(page: Page, name: str, email: str) -> None:
    """Fill in the sign-up form that is open, and send it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()


def add_contact(page: Page, name: str, email: str, greeting: str = "") -> str:
    """Add somebody, and return the invitation link that the contact's page shows."""
    page.get_by_role("link", name="Add contact").first.click()
    form = page.get_by_role("main")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Email").fill(email)
    form.get_by_label("Say hello").fill(greeting)
    form.get_by_role("button", name="Add contact").click()
    return invitation_link(page)


def invitation_link(page: Page) -> str:
    panel = page.get_by_role("region", name="Invitation link")
    return panel.locator("output").inner_text()


def send(page: Page, text: str) -> None:
    """Type a message and press Enter."""
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("Message", exact=True).press("Enter")


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def articles(page: Page) -> Locator:
    return log(page).get_by_role("article")


def bodies(page: Page) -> Locator:
    return log(page).locator(".message-body")


def expect_messages(page: Page, texts: Iterable[str], timeout: float = 5000) -> None:
    """Expect exactly these messages in this order, each once, all of them on the server."""
    expect(bodies(page)).to_have_text(list(texts), timeout=timeout)
    expect(log(page).locator("[data-state=sending], [data-state=failed]")).to_have_count(0)


def status(page: Page) -> Locator:
    return page.locator("connection-status .status-pill")


def expect_state(page: Page, state: str, timeout: float = 10_000) -> None:
    """Expect the connection's state."""
    expect(status(page)).to_have_attribute("data-state", state, timeout=timeout)


def connected(page: Page) -> Page:
    expect_state(page, "connected")
    return page


def room_row(page: Page, name: str) -> Locator:
    """The row of a conversation in the list."""
    return page.locator("room-list a.room-row").filter(has_text=re.compile(rf"\b{name}\b"))


# What a browser says when the server is away.
AWAY = r"net::ERR_|WebSocket connection to|Failed to load resource|fetching the script"
