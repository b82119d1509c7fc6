"""Taking one's data along, and erasing the account, as people do it."""

import json
import zipfile

import pytest
from playwright.sync_api import expect

from accounts.tests.browser.test_keys import confirm_password, join
from chat.tests.browser.test_accessibility import PHONE, inspect

pytestmark = pytest.mark.browser


def test_a_person_takes_their_data_along_and_goes(new_context, problems):
    problems.forgive("status of 422")
    context = new_context(viewport=PHONE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    email = join(page, "Alice")
    page.goto("/profile/")
    page.get_by_role("link", name="Your data").click()
    confirm_password(page)
    assert inspect(page, devtools) == []

    with page.expect_download() as download:
        page.get_by_role("button", name="Download your data").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read("user.json"))[0]["name"] == "Alice"

    page.get_by_role("link", name="Erase account").click()
    assert inspect(page, devtools) == []
    address = page.get_by_label("Type your email address")
    address.fill("somebody@example.com")
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_text("This is not the address of this account.")).to_be_visible()
    expect(address).to_have_value("somebody@example.com")
    assert inspect(page, devtools) == []
    address.fill(email)
    page.evaluate("localStorage.setItem('what was kept', 'on this device')")
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_text("Your account and everything in it was erased.")).to_be_visible()
    assert page.evaluate("localStorage.getItem('what was kept')") is None
    page.goto("/profile/")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
