"""Signing in with passkeys, codes and mailed links, as people do it."""

import re
import time
import uuid

import pytest
from playwright.sync_api import CDPSession, Error, Page, expect

from accounts.tests.keys import code_of
from chat.tests.browser.people import PASSWORD, sign_up
from chat.tests.browser.test_accessibility import WIDE, inspect
from chat.tests.browser.test_journey import UNUSED_SCRIPT
from chatscape.testing.server import Server

pytestmark = pytest.mark.browser

NEW = "a new horse battery"


class Device:
    """A person's page, and what their device has inside: keys and a way to know who is there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.tools: CDPSession = page.context.new_cdp_session(page)
        self.tools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = made["authenticatorId"]

    def recognises(self, person: bool) -> None:
        """Let the device know, or not, who holds it."""
        self.tools.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": person})

    @property
    def keys(self) -> int:
        found = self.tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return len(found["credentials"])


def join(page: Page, name: str) -> str:
    """Sign somebody new up; return their address."""
    email = f"{name.lower()}.{uuid.uuid4().hex[:8]}@example.com"
    go(page, "/accounts/signup/")
    sign_up(page, name, email)
    expect(page.get_by_role("heading", name=f"Welcome, {name}")).to_be_visible()
    return email


def go(page: Page, path: str) -> None:
    """Open a page, also while the answer to a form that was sent a moment ago is still on its way."""
    try:
        page.goto(path)
    except Error as error:
        if "ERR_ABORTED" not in str(error):
            raise
        page.goto(path)


def to_security(page: Page) -> None:
    go(page, "/profile/")
    page.get_by_role("link", name="Sign-in and security").click()
    expect(page.get_by_role("heading", name="Sign-in and security")).to_be_visible()


def confirm_password(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page) -> None:
    go(page, "/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect_home(page)


def expect_home(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    go(page, "/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def expect_in(page: Page, name: str) -> None:
    go(page, "/profile/")
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def add_passkey(page: Page, name: str) -> None:
    to_security(page)
    page.get_by_role("link", name="Add a passkey").click()
    confirm_password(page)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    # It is kept once another page comes.
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)


def codes_on(page: Page) -> list[str]:
    expect(page.get_by_text("They are shown now and never again.")).to_be_visible()
    return page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()


def test_a_passkey_signs_in_alone_and_can_be_renamed_and_removed(page):
    device = Device(page)
    email = join(page, "Pat")
    add_passkey(page, "My laptop")
    assert len(codes_on(page)) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    assert device.keys == 1
    sign_out(page)

    go(page, "/accounts/login/?next=/profile/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/profile/")
    expect(page.get_by_text(email)).to_be_visible()

    to_security(page)
    expect(page.get_by_text(re.compile("last used"))).to_be_visible()
    page.get_by_role("link", name="Rename My laptop").click()
    confirm_password(page)
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove Old laptop").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    sign_out(page)
    sign_in(page, email)
    expect_in(page, "Pat")


def test_a_passkey_is_the_second_step_after_a_password(page):
    Device(page)
    email = join(page, "Sam")
    add_passkey(page, "Phone")
    sign_out(page)
    sign_in(page, email)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect_home(page)
    expect_in(page, "Sam")


def test_a_device_that_knows_nobody_says_so_and_nothing_breaks(page, problems):
    device = Device(page)
    join(page, "Kim")
    add_passkey(page, "Phone")
    sign_out(page)
    device.recognises(False)
    go(page, "/accounts/login/")
    button = page.get_by_role("button", name="Sign in with a passkey")
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    device.recognises(True)
    button.click()
    expect_home(page)
    expect_in(page, "Kim")


def test_one_device_has_one_passkey_for_an_account(page):
    device = Device(page)
    join(page, "Ola")
    add_passkey(page, "Phone")
    to_security(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("has a passkey for your account already")
    assert device.keys == 1


def test_an_authenticator_app_and_recovery_codes_are_the_second_step(page, problems):
    email = join(page, "Toni")
    to_security(page)
    page.get_by_role("link", name="Set up").click()
    confirm_password(page)
    secret = page.locator("output.copy-text").inner_text()
    picture = page.get_by_role("img", name="QR code for your authenticator app")
    assert picture.evaluate("it => it.complete && it.naturalWidth > 0")
    page.get_by_label("Type the code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    assert page.locator("output.copy-text").inner_text() == secret
    page.get_by_label("Type the code").fill(code_of(secret, steps=-1))
    page.get_by_role("button", name="Turn on").click()
    codes = codes_on(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "chatscape-recovery-codes.txt"
    assert download.value.path().read_text().split() == codes
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 left")).to_be_visible()

    sign_out(page)
    sign_in(page, email)
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Confirm").click()
    expect_home(page)
    expect_in(page, "Toni")

    sign_out(page)
    sign_in(page, email)
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Confirm").click()
    expect_home(page)
    sign_out(page)
    sign_in(page, email)
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("This code is not right, or it was used already.")).to_be_visible()
    # Codes that are refused.
    problems.forgive("status of 422")


def mailed(server: Server, pattern: str) -> str:
    """Return what a mail on the server's console has, once it is there."""
    deadline = time.monotonic() + 10
    while not (found := re.findall(pattern, server.last_words(200_000))):
        assert time.monotonic() < deadline, "no mail"
        time.sleep(0.1)
    return str(found[-1])


def test_a_forgotten_password_is_replaced_by_a_mailed_link(page, server):
    email = join(page, "Max")
    sign_out(page)
    go(page, "/accounts/login/")
    page.get_by_role("link", name="Forgot").click()
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    go(page, mailed(server, r"http://localhost\S+/accounts/password/reset/key/\S+"))
    for label in ("New Password", "New Password (again)"):
        page.get_by_label(label, exact=True).fill(NEW)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("heading", name="Your password is changed")).to_be_visible()
    sign_in(page, email, NEW)
    expect_in(page, "Max")


def test_an_address_is_changed_by_a_link_mailed_to_the_new_one(serve, new_context):
    server = serve({"SIGN_UP": "open", "CONFIRM_EMAIL": "1"})
    page = new_context(base_url=server.url, viewport=WIDE).new_page()
    go(page, "/accounts/signup/")
    sign_up(page, "Uma", "uma@example.com")
    confirm_address(page, server)
    expect_in(page, "Uma")
    to_security(page)
    page.get_by_role("link", name="Email").click()
    page.get_by_label("New email").fill("uma.with.a.rather.long.name@example.com")
    page.get_by_role("button", name="Change email").click()
    confirm_password(page)
    expect(page.get_by_role("heading", name="Waiting for confirmation")).to_be_visible()
    assert inspect(page, page.context.new_cdp_session(page)) == []
    confirm_address(page, server)
    sign_out(page)
    sign_in(page, "uma.with.a.rather.long.name@example.com")
    expect_in(page, "Uma")
    assert mailed(server, r"Your email was changed from (\S+)") == "uma@example.com"


def confirm_address(page: Page, server: Server) -> None:
    """Open the newest link of its kind."""
    expect(page.get_by_text("We sent").or_(page.get_by_text("We wrote")).first).to_be_visible()
    go(page, mailed(server, r"http://\S+/accounts/confirm-email/\S+"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Confirm your email")).to_have_count(0)


def test_without_javascript_the_page_says_what_passkeys_need(new_context, problems):
    page = new_context(java_script_enabled=False).new_page()
    go(page, "/accounts/login/")
    expect(page.locator("noscript p")).to_have_text("Passkeys need JavaScript, which is switched off.")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    problems.forgive(UNUSED_SCRIPT)


def test_at_an_address_of_numbers_passkeys_send_to_the_name(new_context, server):
    page = new_context(base_url=f"http://127.0.0.1:{server.port}").new_page()
    go(page, "/accounts/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    go(page, "/accounts/2fa/webauthn/login/")
    assert inspect(page, page.context.new_cdp_session(page)) == []
    page.get_by_role("link", name=f"http://localhost:{server.port}").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def test_no_page_about_keys_has_anything_in_anybodys_way(new_context, problems):
    page = new_context(viewport=WIDE).new_page()
    Device(page)
    email = join(page, "Alexandrina")
    found: dict[str, list[str]] = {}
    devtools = page.context.new_cdp_session(page)

    def look(name: str) -> None:
        if wrong := inspect(page, devtools):
            found[name] = wrong

    to_security(page)
    look("security, nothing set up")
    go(page, "/accounts/email/")
    look("email")
    go(page, "/accounts/2fa/totp/activate/")
    look("confirm with a password")
    confirm_password(page)
    look("set up an app")
    secret = page.locator("output.copy-text").inner_text()
    page.get_by_label("Type the code").fill(code_of(secret, steps=-1))
    page.get_by_role("button", name="Turn on").click()
    look("recovery codes")
    go(page, "/accounts/2fa/recovery-codes/")
    look("recovery codes once more")
    for path in ("recovery-codes/generate/", "totp/deactivate/", "webauthn/add/"):
        go(page, f"/accounts/2fa/{path}")
        look(path)
    page.get_by_label("Name").fill("A security key on a very long keyring of somebody")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    to_security(page)
    look("security, everything set up")
    for action in ("Rename", "Remove"):
        to_security(page)
        page.get_by_role("link", name=re.compile(f"{action} A security")).click()
        look(f"{action} a passkey")
    for path in ("reauthenticate/", "webauthn/reauthenticate/"):
        go(page, f"/accounts/2fa/{path}?next=/profile/")
        look(path)
    sign_out(page)
    go(page, "/accounts/2fa/webauthn/login/")
    look("sign in with a passkey")
    sign_in(page, email)
    look("second step")
    go(page, "/accounts/login/")
    look("sign in")
    assert not found, "\n".join(f"{name}: {what}" for name, wrong in found.items() for what in wrong)
