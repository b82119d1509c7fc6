"""Everybody can use every page: with a screen reader, in the dark, on small screens, with large text."""

from pathlib import Path
from typing import Literal

import axe_core_python
import pytest
from playwright.sync_api import CDPSession, Page, ViewportSize

from chat.tests.browser.people import connected
from chat.tests.browser.places import LOOKERS, Place, build

pytestmark = pytest.mark.browser

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
  async only => {
    const {violations} = await axe.run(document, {runOnly: only, resultTypes: ["violations"]})
    return violations.map(({id, help, nodes}) => `${id}: ${help}: ` + nodes.slice(0, 3).map(
      ({html, any}) => `${html.slice(0, 200)} ${any[0]?.message ?? ""}`).join(" | "))
  }
"""
# What reaches beyond the window to the side, as a finger finds out.
OVERFLOW = """
  () => {
    const width = document.documentElement.clientWidth
    const parts = document.querySelectorAll("main, .messages-scroller, .sidebar, .card")
    const wide = [document.documentElement, ...parts]
      .filter(it => it.offsetParent !== null || it === document.documentElement)
      .filter(it => it.scrollWidth > it.clientWidth + 1)
    if (!wide.length) return []
    return [`window ${width}`,
      ...wide.map(it => `${it.tagName}.${it.className} ${it.scrollWidth} > ${it.clientWidth}`),
      ...[...document.body.querySelectorAll("*")].filter(it => it.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map(it => it.outerHTML.slice(0, 120))]
  }
"""
# What is smaller than 24 px and has a neighbour within the circle of 24 px around it (WCAG 2.5.8). Links
# inside of sentences may be small.
TARGETS = """
  () => {
    const all = "a[href], button, input:not([type=hidden]), textarea, select, summary"
    const boxes = [...document.querySelectorAll(all)]
      .filter(it => it.checkVisibility({visibilityProperty: true, opacityProperty: true}))
      .filter(it => getComputedStyle(it).display !== "inline")
      .map(it => ({it, box: it.getBoundingClientRect()})).filter(({box}) => box.width > 1)
    const away = (x, low, high) => Math.max(low - x, 0, x - high)
    const near = ({box}, other) => {
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2]
      const {left, right, top, bottom} = other.box
      return Math.hypot(away(x, left, right), away(y, top, bottom)) < 12
    }
    const inSight = ({it, box}) =>
      it.contains(document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2))
    return boxes.filter(({box}) => box.width < 24 || box.height < 24).filter(inSight)
      .filter(small => boxes.some(other => !other.it.contains(small.it) && near(small, other)))
      .map(small => [small, boxes.find(other => !other.it.contains(small.it) && near(small, other))])
      .map(both => both.map(({it, box}) => `${box.width} x ${box.height} ${it.outerHTML.slice(0, 100)}`))
      .map(([small, other]) => `${small} beside ${other}`).slice(0, 5)
  }
"""
# The size that was asked for reaches the page a moment later.
ENLARGED = """
  async size => {
    while (getComputedStyle(document.documentElement).fontSize !== size)
      await new Promise(resolve => setTimeout(resolve, 10))
  }
"""
WIDE, PHONE, SMALLEST = (ViewportSize(width=width, height=780) for width in (1280, 360, 320))
SCHEMES: list[tuple[Literal["light", "dark"], list[str]]] = [("light", RULES), ("dark", ["cat.color"])]


@pytest.fixture(scope="session")
def places(desk) -> dict[str, Place]:
    found = build(desk)
    assert {place.looker for place in found.values()} == set(LOOKERS)
    return found


@pytest.mark.parametrize("looker", LOOKERS)
def test_no_page_has_anything_in_anybodys_way(looker, places, enter, new_context, problems):
    there = {name: place for name, place in places.items() if place.looker == looker}
    person = next(iter(there.values())).person
    page = enter(person, viewport=WIDE) if person else new_context(viewport=WIDE).new_page()
    devtools = page.context.new_cdp_session(page)
    found: dict[str, list[str]] = {}
    for name, place in there.items():
        if place.by_way_of:
            page.goto(place.by_way_of)
        page.goto(place.path)
        if page.locator("connection-status").count():
            connected(page)
        if wrong := inspect(page, devtools):
            found[name] = wrong
    # Pages that say no say it in the status, too.
    problems.forgive("status of 40[34]")
    assert not found, "\n".join(f"{name}: {what}" for name, wrong in found.items() for what in wrong)


def inspect(page: Page, devtools: CDPSession) -> list[str]:
    """Return what is wrong with a page, looked at in four ways, on the smallest screen, and enlarged."""
    page.evaluate(AXE)
    found: list[str] = []
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        # Layout and words are the same in the dark: only colours differ.
        for scheme, rules in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{size['width']} {scheme}: {violation}" for violation in page.evaluate(RUN, rules)]
    found += [f"small target: {what}" for what in page.evaluate(TARGETS)]
    page.set_viewport_size(SMALLEST)
    found += [f"320: {what}" for what in page.evaluate(OVERFLOW)]
    enlarge(page, devtools, 2)
    found += [f"320, text at 200 %: {what}" for what in page.evaluate(OVERFLOW)]
    enlarge(page, devtools, 1)
    page.set_viewport_size(WIDE)
    return found


def enlarge(page: Page, devtools: CDPSession, times: int) -> None:
    """Let text be so much larger, as people set it in their browser, and wait until it is."""
    devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 16 * times, "fixed": 13 * times}})
    page.evaluate(ENLARGED, f"{16 * times}px")
