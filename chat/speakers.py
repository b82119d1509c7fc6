"""Pages of rooms of several, and who is called what in them.

Everybody in such a room sees the same messages, and nothing in them but the names can change without
the room's revision. So with the names of today what one member was shown is right for the next. Not
for direct rooms: there the list of rooms tells the names, and members may see different messages.
"""

from functools import cache
from uuid import UUID

from accounts.models import User
from chat.history import Window
from chat.rows import as_uuid
from chat.statements import Row, Statement

# Pages whose people are remembered, some 100 bytes and 16 for each person; and whose messages are.
PEOPLE_MOST = 2_000
WINDOWS_MOST = 100
# A page of a room: the room, its revision, and which of its messages.
Page = tuple[UUID, int, int | None, int | None]

_people: dict[Page, list[UUID]] = {}
_windows: dict[Page, tuple[list[Row], Window]] = {}


def names_in(page: Page, window: Window) -> list[Row]:
    """Return who is called what among the messages of a page, and remember it."""
    names: list[Row] = sorted({(as_uuid(message.author), message.author_name) for message in window.messages})
    for kept, most in ((_people, PEOPLE_MOST), (_windows, WINDOWS_MOST)):
        if len(kept) >= most:
            kept.clear()
    _people[page] = [person for person, _name in names]
    _windows[page] = names, window
    return names


def window_again(page: Page, names: list[Row] | None) -> Window | None:
    """Return what the page showed another member, if everybody in it is still called so."""
    kept = _windows.get(page)
    return kept[1] if kept is not None and kept[0] == names else None


def names_again(page: Page) -> list[Row] | None:
    """Return who is called what now, or None when this process has not seen the page."""
    people = _people.get(page)
    if not people:
        return None if people is None else []
    found = _names(len(people)).rows(**{f"person{number}": person for number, person in enumerate(people)})
    return sorted((as_uuid(person), name) for person, name in found)


@cache
def _names(count: int) -> Statement:
    kinds = {f"person{number}": UUID for number in range(count)}
    return Statement(
        lambda **people: User.objects.filter(id__in=people.values()).values_list("id", "name"), **kinds
    )
