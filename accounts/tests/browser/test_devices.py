"""Signing in on the phone with a code, and signing it out from the laptop, as people do it."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.tests.browser.test_keys import confirm_password, join
from accounts.tests.test_devices import PHONE
from chat.tests.browser.people import connected
from chat.tests.browser.test_accessibility import WIDE, inspect

pytestmark = pytest.mark.browser

SOON = 5


@pytest.fixture
def laptop(new_context) -> Page:
    context: BrowserContext = new_context(viewport=WIDE)
    page = context.new_page()
    join(page, "Alice")
    return page


@pytest.fixture
def phone(new_context) -> Page:
    context: BrowserContext = new_context(
        user_agent=PHONE, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    return context.new_page()


def show_code(page: Page) -> str:
    """Go from the profile to a code, and return the link in it."""
    page.goto("/profile/")
    page.get_by_role("link", name="Devices").click()
    expect(page.get_by_text("This device")).to_be_visible()
    page.get_by_role("link", name="Show a code").click()
    confirm_password(page)
    page.get_by_role("button", name="Show a code").click()
    code = page.get_by_role("img", name="QR code with the link below")
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box
    # Large enough for a camera at arm's length.
    assert min(box["width"], box["height"]) >= 240
    return page.get_by_role("region", name="Scan this with the other device").locator("output").inner_text()


def test_the_phone_is_let_in_with_a_code_and_signed_out_from_the_laptop(laptop, phone, problems):
    problems.forgive("status of 404")
    link = show_code(laptop)

    phone.goto(link)
    expect(phone.get_by_role("heading", name="Sign in as Alice on this device?")).to_be_visible()
    phone.get_by_role("button", name="Sign in").tap()
    expect(phone.get_by_role("heading", name="Welcome, Alice")).to_be_visible()
    connected(phone)

    # The laptop learns it by itself.
    expect(laptop.get_by_role("heading", name="Chrome on Android is signed in")).to_be_visible()
    laptop.get_by_role("link", name="Your devices").click()
    expect(laptop.get_by_text("was signed in with the code that you showed here")).to_be_visible()

    began = time.monotonic()
    laptop.get_by_role("button", name="Sign out Chrome on Android").click()
    expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    assert time.monotonic() - began < SOON
    expect(laptop.get_by_text("That device is signed out.")).to_be_visible()
    expect(laptop.get_by_text("Chrome on Android")).to_have_count(0)
    # And stays out.
    phone.goto("/profile/")
    expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="This code does not work any more")).to_be_visible()


def test_without_scripts_too(new_context, laptop, problems):
    # Such a browser says of each script that it is not loaded.
    problems.forgive(r"\.js: csp$")
    link = show_code(laptop)
    plain = new_context(java_script_enabled=False, user_agent=PHONE).new_page()
    plain.goto(link)
    plain.get_by_role("button", name="Sign in").click()
    plain.goto("/devices/")
    expect(plain.get_by_text("This device")).to_be_visible()
    laptop.reload()
    expect(laptop.get_by_role("heading", name="Chrome on Android is signed in")).to_be_visible()
    plain.get_by_role("button", name="Sign out everywhere else").click()
    confirm_password(plain)
    expect(plain.get_by_text("1 device is signed out.")).to_be_visible()
    laptop.goto("/profile/")
    expect(laptop.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_pages_are_for_everybody(laptop, phone, problems):
    problems.forgive("status of 404")
    wrong: list[str] = []

    def look(page: Page) -> None:
        wrong.extend(f"{page.title()}: {what}" for what in inspect(page, page.context.new_cdp_session(page)))

    link = show_code(laptop)
    look(laptop)
    phone.goto(link)
    look(phone)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Welcome, Alice")).to_be_visible()
    for path in ("/devices/", "/devices/new/"):
        laptop.goto(path)
        look(laptop)
    phone.goto(link)
    look(phone)
    assert wrong == []


def test_nothing_in_the_browser_holds_what_signs_in(laptop):
    """Neither the page, nor its scripts, nor what it keeps (ID4)."""
    [session] = [each for each in laptop.context.cookies() if "session" in each["name"]]
    assert session["httpOnly"]
    for path in ("/", "/profile/", "/devices/"):
        laptop.goto(path)
        kept = "document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])"
        assert session["value"] not in laptop.evaluate(f"{kept} + document.documentElement.outerHTML")
        assert laptop.evaluate("document.cookie") == ""
