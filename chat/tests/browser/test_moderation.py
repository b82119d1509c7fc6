"""Moderators at work: from a report to a decision, an appeal and its answer (MO1, MO5), also by keyboard."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import PASSWORD, connected
from chat.tests.browser.test_accessibility import WIDE, inspect
from chat.tests.browser.test_keyboard import tab_to

pytestmark = pytest.mark.browser

QUEUE = "/admin/chat/report/"
# The queue is everybody's: each test looks for a name of its own.
numbers = count(1)


@pytest.fixture
def staff(desk):
    """Two moderators: mona and milo."""
    pair = desk.people("Mona", "Milo")
    for person in pair:
        desk("appoint", person=person.id, role="moderator")
    return pair


@pytest.fixture
def talk(desk):
    """alice and mallory, who has a password, and their room."""
    (alice,), (mallory,) = desk.people("Alice"), desk.people(f"Mallory {next(numbers)}", password=True)
    room = desk("befriend", one=alice.id, other=mallory.id)
    for author, words in ((alice, "Hello"), (mallory, "Awful words"), (alice, "Please stop")):
        desk("say", author=author.id, room=room, body=words)
    return alice, mallory, room


def open_report(page: Page, name: str) -> None:
    """Go to the newest report about somebody from the queue."""
    page.goto(f"{QUEUE}?q={name}")
    page.get_by_role("link", name=name).last.click()
    expect(page.get_by_role("heading", name=f"Report about {name}")).to_be_visible()


def test_from_a_report_to_a_granted_appeal(talk, staff, enter, problems):
    alice, mallory, room = talk
    mona, milo = staff
    hers = connected(enter(alice, f"/rooms/{room}/messages/2/report/"))
    hers.get_by_label("Threat or violence").check()
    hers.get_by_label("Context").fill("I am afraid of her")
    hers.get_by_role("main").get_by_role("button", name="Report").click()
    expect(hers.get_by_text("Thank you.")).to_be_visible()
    theirs = connected(enter(mallory, f"/rooms/{room}/"))

    # A moderator takes it, and others see that.
    desk_one, desk_two = enter(mona, "/profile/"), enter(milo, "/profile/")
    for page in (desk_one, desk_two):
        page.get_by_role("main").get_by_role("link", name=re.compile("Moderation")).click()
        page.get_by_role("main").get_by_role("link", name=re.compile("Reports")).click()
        open_report(page, mallory.name)
    desk_one.get_by_role("button", name="Take").click()
    expect(desk_one.get_by_text("You look at this report.")).to_be_visible()
    desk_two.reload()
    expect(desk_two.get_by_text("Mona has looked at this report")).to_be_visible()
    proof = desk_one.locator("li.picked")
    expect(proof).to_have_count(1)
    expect(proof).to_contain_text("Awful words")
    expect(desk_one.get_by_text("I am afraid of her")).to_be_visible()

    # Without a reason nothing is decided, and nothing that was typed is lost.
    desk_one.get_by_label("Suspend").check()
    desk_one.get_by_label("For how many days").fill("3")
    desk_one.get_by_role("button", name="Decide").click()
    problems.forgive("status of 4(22|09|03|01)")
    expect(desk_one.get_by_text("say why: the person will read it")).to_be_visible()
    expect(desk_one.get_by_label("Suspend")).to_be_checked()
    expect(desk_one.get_by_label("For how many days")).to_have_value("3")
    desk_one.get_by_label("Reason").fill("We do not threaten people here.")
    desk_one.get_by_role("button", name="Decide").click()
    expect(desk_one.get_by_text("Decided: Suspended.")).to_be_visible()

    # The person is out at once, reads why, and objects.
    expect(theirs).to_have_url(re.compile("/accounts/(login|standing)|/standing/"), timeout=15_000)
    theirs.goto("/accounts/login/")
    theirs.get_by_label("Email").fill(mallory.email)
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in", exact=True).click()
    expect(theirs.get_by_text("We do not threaten people here.")).to_be_visible()
    expect(theirs.get_by_text("Mona")).to_have_count(0)
    expect(theirs.get_by_text("Alice")).to_have_count(0)
    theirs.get_by_text("Ask for another look").click()
    theirs.get_by_label("What should they know?").fill("It was a line from a song.")
    theirs.get_by_role("button", name="Send").click()
    expect(theirs.get_by_text("Another moderator will look at it.")).to_be_visible()

    # Who imposed it cannot judge it; the other can.
    for page in (desk_one, desk_two):
        page.goto(f"/admin/chat/appeal/?q={mallory.name}")
        page.get_by_role("link", name=mallory.name).click()
        expect(page.get_by_text("It was a line from a song.")).to_be_visible()
    expect(desk_one.get_by_role("heading", name="Another moderator decides")).to_be_visible()
    expect(desk_one.get_by_role("button", name="Decide")).to_have_count(0)
    desk_two.get_by_label("Undo the decision").check()
    desk_two.get_by_label("Answer").fill("You are right, sorry.")
    desk_two.get_by_role("button", name="Decide").click()
    expect(desk_two.get_by_text("Granted: the decision is undone.")).to_be_visible()

    theirs.goto("/accounts/login/")
    theirs.get_by_label("Email").fill(mallory.email)
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in", exact=True).click()
    expect(theirs.get_by_role("link", name=re.compile("Alice")).first).to_be_visible()


def test_of_two_moderators_the_second_is_told(talk, staff, desk, enter, problems):
    alice, mallory, room = talk
    desk("report", reporter=alice.id, room=room, sequence=2, reason="hate", context="Awful")
    first, second = (enter(person, QUEUE) for person in staff)
    for page, decision, words in ((first, "Warn", "Be kind"), (second, "Ban", "Enough of this")):
        open_report(page, mallory.name)
        page.get_by_label(decision).check()
        page.get_by_label("Reason").fill(words)
    first.get_by_role("button", name="Decide").click()
    expect(first.get_by_text("Decided: Warned.")).to_be_visible()

    problems.forgive("status of 409")
    second.get_by_role("button", name="Decide").click()

    expect(second.get_by_role("alert")).to_contain_text("Enough of this")
    expect(second.get_by_text("Mona decided this")).to_be_visible()
    expect(second.get_by_text("Be kind")).to_be_visible()
    expect(second.get_by_role("button", name="Decide")).to_have_count(0)


def test_deciding_with_keys(talk, staff, desk, enter):
    alice, mallory, room = talk
    for context in ("The first", "The second"):
        desk("report", reporter=alice.id, room=room, sequence=2, reason="hate", context=context)
    page = enter(staff[0], f"{QUEUE}?q={mallory.name}")
    page.keyboard.press("j")
    rows = page.locator("#result_list tbody th > a")
    for key, at in (("j", 1), ("k", 0), ("k", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("jk")
    expect(page.get_by_role("searchbox")).to_have_value("jk")
    rows.last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The second")).to_be_visible()

    page.keyboard.press("t")
    expect(page.get_by_text("You look at this report.")).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_label("Mute")).to_be_checked()
    page.keyboard.press("2")
    expect(page.get_by_label("Warn")).to_be_checked()
    page.keyboard.press("r")
    page.keyboard.type("Be kind: 1 2 3")
    expect(page.get_by_label("Reason")).to_have_value("Be kind: 1 2 3")
    tab_to(page, "Decide", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Decided: Warned.")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("searchbox")).to_have_value(mallory.name)
    expect(rows).to_have_count(1)


def test_deciding_by_tab_alone_with_the_keys_turned_off(talk, staff, desk, enter):
    alice, mallory, room = talk
    desk("report", reporter=alice.id, room=room, sequence=2, reason="hate", context="Awful")
    page = enter(staff[0], f"{QUEUE}?q={mallory.name}")
    tab_to(page, "Keys", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keys")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Keys")).to_be_focused()
    page.reload()
    expect(page.get_by_role("button", name="Keys")).to_have_attribute("aria-pressed", "false")
    tab_to(page, mallory.name, "a")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Awful", exact=True)).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("[name=decision]:checked")).to_have_count(0)
    tab_to(page, "Dismiss", "input")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Warn")).to_be_checked()
    tab_to(page, "Reason", "textarea")
    page.keyboard.type("Be kind")
    tab_to(page, "Decide", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Decided: Warned.")).to_be_visible()


def test_deciding_without_scripts(talk, staff, desk, enter):
    alice, mallory, room = talk
    desk("report", reporter=alice.id, room=room, sequence=2, reason="hate", context="Awful")
    page = enter(staff[0], QUEUE, java_script_enabled=False)
    open_report(page, mallory.name)
    page.get_by_label("Remove messages").check()
    page.get_by_label("Remove message 2").check()
    page.get_by_label("Reason").fill("Not here")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Decided: Messages removed.")).to_be_visible()
    assert desk("bodies", room=room) == ["Hello", "", "Please stop"]


def test_no_page_has_anything_in_anybodys_way(talk, staff, desk, enter, problems):
    alice, mallory, room = talk
    (ada,) = desk.people("Ada Adminson")
    desk("appoint", person=ada.id, role="admin")
    mona, milo = staff
    long = "Supercalifragilisticexpialidocious" * 8
    desk("say", author=mallory.id, room=room, body=long)
    desk("edit", author=mallory.id, room=room, sequence=4, body=f"{long} again")
    reports = [
        desk("report", reporter=alice.id, room=room, sequence=2, reason=reason, context=long, picked=[4])
        for reason in ("threat", "sexual", "harassment", "spam")
    ]
    sanction = desk("decide", moderator=mona.id, report=reports[0], decision="mute", reason=long, days=9)
    appeal = desk("appeal", person=mallory.id, sanction=sanction, words=long)
    places = {
        milo: [
            "/admin/",
            QUEUE,
            f"{QUEUE}?q=nobody",
            f"{QUEUE}{reports[0]}/change/",
            f"{QUEUE}{reports[1]}/change/",
            "/admin/chat/sanction/",
            f"/admin/chat/sanction/{sanction}/change/",
            "/admin/chat/appeal/",
            f"/admin/chat/appeal/{appeal}/change/",
        ],
        ada: [
            "/admin/",
            "/admin/chat/auditentry/",
            "/admin/chat/filter/",
            "/admin/chat/filter/add/",
            "/admin/accounts/user/",
            f"/admin/accounts/user/{mallory.id}/change/",
            f"/admin/accounts/user/{ada.id}/change/",
        ],
    }
    found = {}
    for person, paths in places.items():
        page = enter(person, "/profile/", viewport=WIDE)
        devtools = page.context.new_cdp_session(page)
        for path in paths:
            page.goto(path)
            for menu in page.locator("main details").all():
                menu.evaluate("it => { it.open = true }")
            if wrong := inspect(page, devtools):
                found[path] = wrong
    # Who looks for words that are too long for the page sees them in it.
    page.goto("/admin/chat/filter/add/")
    page.get_by_label("Pattern").fill("supercali*")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#caught mark").first).to_be_visible()
    if wrong := inspect(page, devtools):
        found["preview"] = wrong
    assert not found, "\n".join(f"{path}: {what}" for path, wrong in found.items() for what in wrong)
