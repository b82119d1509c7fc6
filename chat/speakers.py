"""Who said what a page shows: their names are all of it that can change without the room's revision.

Not for direct rooms: there the list of rooms tells the names already.
"""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from accounts.models import User
from chat.rows import MessageRow, as_uuid
from chat.statements import Row, Statement

# Pages whose people are remembered: some 100 bytes and 16 for each person.
PAGES_MOST = 2_000
# A page of a room: the room, its revision, and which of its messages.
Page = tuple[UUID, int, int | None, int | None]

_people: dict[Page, list[UUID]] = {}


def names_in(page: Page, messages: Iterable[MessageRow]) -> list[Row]:
    """Return who is called what among these messages, and remember who they are."""
    names = sorted({(as_uuid(message.author), message.author_name) for message in messages})
    if len(_people) >= PAGES_MOST:
        _people.clear()
    _people[page] = [person for person, _name in names]
    return list(names)


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
