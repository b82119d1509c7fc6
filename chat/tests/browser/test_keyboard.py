"""The main journey without a mouse: Tab, Enter and what one types, with the focus always in sight."""

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import PASSWORD, articles, connected, expect_messages, invitation_link

pytestmark = pytest.mark.browser

# What has the focus: its name, and whether anybody can see that it has.
FOCUS = """
  () => {
    const it = document.activeElement
    if (!it || it === document.body) return null
    const box = it.getBoundingClientRect()
    const style = getComputedStyle(it)
    const ring = [it, it.parentElement, it.parentElement?.parentElement].some(one => {
      const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(one)
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 || boxShadow !== "none"
    })
    const shown = it.cloneNode(true)
    shown.querySelectorAll("[aria-hidden=true]").forEach(one => one.remove())
    const label = it.labels?.[0]?.textContent ?? ""
    return {
      name: (it.getAttribute("aria-label") ?? (label || shown.textContent)).trim().replace(/\\s+/g, " "),
      tag: it.tagName.toLowerCase(), seen: ring && box.width > 1 && style.visibility === "visible"
        && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    }
  }
"""


def tab_to(page: Page, name: str, tag: str = "", presses: int = 40) -> None:
    """Press Tab until something named so has the focus; wherever it goes, it is visible."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            continue
        assert focus["seen"], focus
        if focus["name"].startswith(name) and tag in ("", focus["tag"]):
            return
    raise AssertionError(f"no way to {name} by keyboard")


def enter_into(page: Page, fields: dict[str, str]) -> None:
    for label, text in fields.items():
        tab_to(page, label)
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(text)


def test_from_signing_up_to_a_conversation_by_keyboard_alone(serve, new_context):
    server = serve()
    hers, his = (new_context(base_url=server.url).new_page() for _ in range(2))
    hers.goto("/")
    tab_to(hers, "Sign up")
    hers.keyboard.press("Enter")
    expect(hers.get_by_role("heading", name="Sign up")).to_be_visible()
    enter_into(hers, {"Email": "alice@example.com", "Name": "Alice", "Password": PASSWORD})
    hers.keyboard.press("Enter")
    connected(hers)
    tab_to(hers, "Add contact", "a")
    hers.keyboard.press("Enter")
    expect(hers.get_by_role("heading", name="Add contact")).to_be_visible()
    enter_into(hers, {"Name": "Bob", "Email": "bob@example.com"})
    hers.keyboard.press("Enter")
    link = invitation_link(hers)

    his.goto(link)
    tab_to(his, "Sign up")
    his.keyboard.press("Enter")
    expect(his.get_by_role("heading", name="Sign up")).to_be_visible()
    enter_into(his, {"Password": PASSWORD})
    his.keyboard.press("Enter")
    connected(his)
    tab_to(his, "Accept", "button")
    his.keyboard.press("Enter")
    # One writes at once: the conversation opens with the focus where one types.
    expect(his.get_by_label("Message", exact=True)).to_be_focused()
    his.keyboard.type("Typed only")
    his.keyboard.press("Enter")
    expect_messages(his, ["Typed only"])

    expect(hers.locator("room-list a.room-row")).to_have_count(1)
    tab_to(hers, "Bob", "a")
    hers.keyboard.press("Enter")
    expect(hers.get_by_label("Message", exact=True)).to_be_focused()
    hers.keyboard.type("So did I")
    hers.keyboard.press("Enter")
    for page in (hers, his):
        expect_messages(page, ["Typed only", "So did I"])

    # The menu of a message, the arrow that edits the last one, and the way out of both.
    hers.keyboard.press("ArrowUp")
    editor = articles(hers).last.get_by_role("textbox", name="Message")
    expect(editor).to_be_focused()
    hers.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    expect(hers.get_by_label("Message", exact=True)).to_be_focused()
    hers.keyboard.press("ArrowUp")
    hers.keyboard.press("ControlOrMeta+A")
    hers.keyboard.type("So did I, and corrected it")
    hers.keyboard.press("Enter")
    for page in (hers, his):
        expect_messages(page, ["Typed only", "So did I, and corrected it"])
    tab_to(hers, "Message actions", "a", presses=60)
    hers.keyboard.press("Enter")
    expect(hers.get_by_role("button", name="Copy text")).to_be_visible()
    hers.keyboard.press("Escape")
    expect(hers.get_by_role("button", name="Copy text")).to_be_hidden()
    assert hers.evaluate(FOCUS)["name"] == "Message actions"


def test_what_others_see_is_switched_by_keyboard(desk, enter):
    alice, _bob, _room = desk.pair()
    page = connected(enter(alice, "/profile/"))
    labels = ("Show when I am online", "Show what I have read")
    for label in labels:
        tab_to(page, label)
        page.keyboard.press("Space")
    tab_to(page, "Save", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    for label in labels:
        expect(page.get_by_label(label)).not_to_be_checked()


def test_the_first_tab_leads_past_the_list_of_rooms(desk, enter):
    alice, _bob, _room = desk.pair()
    page = connected(enter(alice, "/contacts/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
