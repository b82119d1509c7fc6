# ruff: noqa: INP001 - no package: a script beside the texts
"""Take the pictures for the README and for installing: `.venv/bin/python -m docs.screenshots`.

Starts a server of its own, lets some people talk, and looks at it as one of them.
"""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from chat.tests.browser.desk import Desk, Person
from chat.tests.browser.people import connected, log
from chatscape.testing.browser import launch
from chatscape.testing.server import Server

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "static" / "screenshots"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 780}
GROUND = (226, 228, 236)
GAP = 48
RADIUS = 20

# Who said what, how many minutes ago; True is the one who looks.
HIKE = (
    (False, "Have you seen the forecast for Saturday?", 60 * 24 + 140),
    (True, "Sun until four, then rain", 60 * 24 + 136),
    (False, "So we start early. Seven at the station?", 60 * 24 + 134),
    (True, "Seven is fine. I bring the stove and coffee", 60 * 24 + 131),
    (False, "Then I bring bread and the good cheese", 60 * 24 + 130),
    (True, "Is Amir coming along?", 64),
    (False, "He needs a dog sitter", 61),
    (True, "Bring the dog! Best hiker of us all", 58),
    (False, "True. And I checked the way up, the bridge behind the mill is open again", 34),
    (False, "So we can take the loop along the lake and skip the road", 33),
    (True, "Even better. Four hours with a swim?", 30),
    (False, "Five, if you count the cake at the hut", 12),
    (True, "I always count the cake", 11),
    (False, "See you on Saturday then!", 2),
)
OTHERS = (
    ("Amir Haddad", False, "Good news: the dog may come", 9, 2),
    ("Grandma Rosa", False, "The plums are ripe. Bring a big bag!", 47, 1),
    ("Nkechi Obi", True, "Thank you, the second draft reads well", 95, 0),
    ("Tom Larsen", False, "Keys are under the blue pot", 230, 0),
    ("Yuki Tanaka", True, "Tickets are booked, row twelve", 60 * 26, 0),
    ("Elena Petrova", False, "Congratulations to both of you!", 60 * 50, 0),
    ("Samuel Weiss", True, "I will ask the neighbours about the ladder", 60 * 75, 0),
)


def talk(desk: Desk) -> tuple[Person, str]:
    """Let everybody say their part; return who looks, and the room they have open."""
    (lea,) = desk.people("Lea Brandt", owner=True)
    now = datetime.now(UTC)

    def said(me: bool, other: Person, words: str, minutes: int) -> list[str]:
        return [(lea if me else other).id, words, (now - timedelta(minutes=minutes)).isoformat()]

    for name, mine, words, minutes, unread in reversed(OTHERS):
        (other,) = desk.people(name)
        room = desk("befriend", one=lea.id, other=other.id)
        before = said(False, other, "Do you have a minute?", minutes + 1)
        desk("history", room=room, said=[before, said(mine, other, words, minutes)])
        desk("read", reader=lea.id, room=room, sequence=2 - unread)
    (mara,) = desk.people("Mara Lindqvist")
    hike = desk("befriend", one=lea.id, other=mara.id)
    desk("history", room=hike, said=[said(me, mara, words, minutes) for me, words, minutes in HIKE])
    desk("read", reader=lea.id, room=hike, sequence=len(HIKE))
    return lea, hike


def open_room(browser: Browser, server: Server, person: Person, room: str, **options: Any) -> Page:
    context = browser.new_context(
        base_url=server.url,
        device_scale_factor=1,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
        **options,
    )
    context.add_cookies([{"name": "chatscape_session", "value": person.session, "url": server.url}])
    page = context.new_page()
    page.goto(f"/rooms/{room}/")
    connected(page)
    log(page).locator("article").last.wait_for()
    # No caret that blinks, nothing under the pointer.
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    return page


def picture(page: Page) -> Image.Image:
    return Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")


def rounded(image: Image.Image) -> Image.Image:
    """Return a mask with the image's size and round corners."""
    mask = Image.new("L", (image.width * 4, image.height * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), RADIUS * 4, fill=255)
    return mask.resize(image.size, Image.Resampling.LANCZOS)


def side_by_side(*images: Image.Image) -> Image.Image:
    """Put pictures beside each other on a neutral ground."""
    width = sum(image.width for image in images) + GAP * (len(images) + 1)
    ground = Image.new("RGB", (width, max(image.height for image in images) + 2 * GAP), GROUND)
    left = GAP
    for image in images:
        ground.paste(image, (left, (ground.height - image.height) // 2), rounded(image))
        left += image.width + GAP
    return ground


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG as small as its colours allow."""
    path.parent.mkdir(exist_ok=True)
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {image.width} x {image.height}, {path.stat().st_size // 1024} KiB")


def main() -> None:
    with Server() as server, sync_playwright() as playwright:
        server.start()
        browser = launch(playwright)
        with Desk(server) as desk:
            lea, room = talk(desk)
            wide = picture(open_room(browser, server, lea, room, viewport=WIDE, color_scheme="light"))
            narrow = picture(open_room(browser, server, lea, room, viewport=NARROW, color_scheme="dark"))
        browser.close()
    save(wide, SCREENSHOTS / "wide.png")
    save(narrow, SCREENSHOTS / "narrow.png")
    save(side_by_side(wide, narrow), ROOT / "docs" / "screenshot.png")


if __name__ == "__main__":
    main()
