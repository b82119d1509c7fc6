"""What people notice of decisions about them while their pages are open; nothing they typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import connected, send

pytestmark = pytest.mark.browser


@pytest.fixture
def muted(desk):
    """Mute somebody for three days who said something in a room."""

    def mute(person, room, by):
        (mona,) = desk.people("Mona")
        desk("appoint", person=mona.id, role="moderator")
        desk("say", author=person.id, room=room, body="Awful words")
        made = desk("report", reporter=by.id, room=room, sequence=1, reason="hate", context="Look")
        desk("decide", moderator=mona.id, report=made, decision="mute", reason="Not so.", days=3)

    return mute


def test_who_is_muted_keeps_the_words_and_finds_the_reason(desk, enter, muted):
    alice, bob, room = desk.pair()
    page = connected(enter(alice, f"/rooms/{room}/"))
    muted(alice, room, by=bob)

    send(page, "My long answer")

    expect(page.locator("#body-error")).to_contain_text("A moderator muted you until")
    expect(page.get_by_label("Message", exact=True)).to_have_value("My long answer")

    page.reload()
    expect(page.get_by_text("A moderator muted you until")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_count(0)
    bar = page.get_by_role("link", name=re.compile("Moderators have written to you"))
    expect(bar).to_be_visible()
    page.get_by_role("link", name="Why, and what you can do").click()
    expect(page.get_by_text("Not so.")).to_be_visible()
    page.get_by_role("button", name="I have read this").click()
    expect(page.get_by_role("heading", name="You were muted")).to_be_visible()
    expect(bar).to_have_count(0)


def test_another_role_brings_the_page_anew(desk, enter):
    (bob,) = desk.people("Bob")
    page = connected(enter(bob, "/profile/"))
    invitations = page.get_by_role("main").get_by_role("link", name="Invitations")
    expect(invitations).to_have_count(0)

    desk("appoint", person=bob.id, role="admin")

    expect(invitations).to_be_visible(timeout=8000)
    connected(page)


def test_another_role_takes_nothing_that_was_typed(desk, enter):
    (bob,) = desk.people("Bob")
    page = connected(enter(bob, "/profile/"))
    page.get_by_label("About you").fill("Half a sentence")

    desk("appoint", person=bob.id, role="moderator")

    expect(page.get_by_text("What you may do here has changed.")).to_be_visible(timeout=8000)
    expect(page.get_by_label("About you")).to_have_value("Half a sentence")
    page.get_by_role("button", name="Load the page anew").click()
    expect(page.get_by_label("About you")).to_have_value("")
