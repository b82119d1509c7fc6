"""ChatScape as an app: installable, and there when the server is not."""

import json
import os

import pytest
from playwright.sync_api import expect

from chat.tests.browser.desk import Desk
from chat.tests.browser.people import AWAY, connected, expect_messages
from chatscape.testing.browser import FLAGS
from chatscape.testing.machine import find

pytestmark = pytest.mark.browser

WORKER = "navigator.serviceWorker.ready.then(({active}) => active.state)"
OFFER = """
  () => {
    const event = new Event("beforeinstallprompt", {cancelable: true})
    event.prompt = async () => { window.prompted = true }
    event.userChoice = Promise.resolve({outcome: "accepted"})
    dispatchEvent(event)
    return event.defaultPrevented
  }
"""


def test_chromium_finds_nothing_in_the_way_of_installing(browser, server, desk, tmp_path):
    # Not a private window, where nothing can be installed.
    program = find("chromium")
    context = browser.browser_type.launch_persistent_context(
        tmp_path,
        executable_path=program.path,
        args=FLAGS,
        env={**os.environ, **program.env},
        chromium_sandbox=False,
        base_url=server.url,
    )
    try:
        page = context.new_page()
        page.goto("/")
        page.wait_for_function("navigator.serviceWorker.ready")
        page.reload()
        devtools = context.new_cdp_session(page)
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        described = json.loads(manifest["data"])
        assert described["name"] == "ChatScape"
        assert (described["start_url"], described["scope"], described["id"]) == ("/", "/", "/")
        for picture in [*described["icons"], *described["screenshots"]]:
            answer = context.request.get(picture["src"])
            assert answer.headers["content-type"] == picture["type"], picture
    finally:
        context.close()


def test_without_a_server_a_page_says_so_and_comes_back_with_it(serve, enter, problems):
    server = serve()
    with Desk(server) as desk:
        alice, bob, room = desk.pair()
        desk("say", author=bob.id, room=room, body="Still there?")
        page = enter(alice, f"/rooms/{room}/", base_url=server.url, service_workers="allow")
        page.wait_for_function("navigator.serviceWorker.controller || navigator.serviceWorker.ready")
        assert page.evaluate(WORKER) in ("activating", "activated")
        page.wait_for_function(
            "navigator.serviceWorker.ready.then(({active}) => active.state === 'activated')"
        )
        server.kill()
        page.reload()
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        server.start()
        page.get_by_role("link", name="Retry").click()
        expect_messages(connected(page), ["Still there?"])
    page.close()
    problems.forgive(AWAY)


def test_what_is_kept_for_offline_holds_nothing_personal(desk, enter):
    alice, bob, room = desk.pair()
    desk("say", author=bob.id, room=room, body="Between us")
    page = connected(enter(alice, f"/rooms/{room}/", service_workers="allow"))
    page.wait_for_function("navigator.serviceWorker.ready.then(({active}) => active.state === 'activated')")
    kept = page.evaluate(
        """async () => {
             const texts = []
             for (const name of await caches.keys()) {
               const cache = await caches.open(name)
               for (const response of await cache.matchAll()) texts.push(await response.text())
             }
             return texts
           }"""
    )
    assert any("You are offline" in text for text in kept)
    assert not any("Between us" in text or alice.email in text or alice.id in text for text in kept)


def test_install_is_offered_where_the_browser_offers_it(desk, enter):
    (alice,) = desk.people("Alice")
    page = connected(enter(alice, service_workers="allow"))
    assert page.evaluate(OFFER)
    install = page.get_by_role("complementary").get_by_role("button", name="Install")
    expect(install).to_be_visible()
    install.click()
    page.wait_for_function("window.prompted")


def test_without_an_offer_install_leads_to_the_steps_for_each_browser(desk, enter):
    (alice,) = desk.people("Alice")
    page = connected(enter(alice, service_workers="allow"))
    page.get_by_role("complementary").get_by_role("button", name="Install").click()
    expect(page.get_by_role("heading", name="Install ChatScape")).to_be_visible()
    for browser in (
        "Chrome, Edge",
        "Safari on iPhone",
        "Safari on a Mac",
        "Firefox on Android",
        "Firefox on a",
    ):
        expect(page.get_by_text(browser).first).to_be_visible()
    # The browser changes its mind.
    page.evaluate(OFFER)
    expect(page.get_by_role("main").get_by_role("button", name="Install", exact=True)).to_be_visible()
