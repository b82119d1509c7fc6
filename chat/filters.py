"""Words and links that do not pass (MO6): what happens to a text that has some.

Each process reads the filters when somebody writes, at most every `EVERY` seconds, and compiles them when
they have changed. Without filters a text costs one look at the clock.
"""

import time
from typing import NamedTuple

from django.utils.translation import gettext as _

from chat.errors import Filtered
from chat.matching import Folded, Match, Sites, Words
from chat.models import Filter
from chat.statements import Row, Statement
from chat.text import BODY_MOST

# A change holds everywhere after so many seconds.
EVERY = 3.0
MASK = "•••"

_rows = Statement(
    lambda: (
        Filter.objects.filter(is_active=True)
        .order_by("pk")
        .values_list("kind", "pattern", "action", "replacement")
    )
)


class Rule(NamedTuple):
    """What is done about a pattern."""

    pattern: str
    action: str
    replacement: str


class Passed(NamedTuple):
    """A text that passed, some words of it replaced, and the rule that it is held by."""

    text: str
    held: Rule | None = None


class Filters:
    """The filters, ready to be asked."""

    def __init__(self, rows: list[Row]) -> None:
        rules = [
            (kind, pattern, Rule(pattern, action, replacement)) for kind, pattern, action, replacement in rows
        ]
        self._words = Words((pattern, rule) for kind, pattern, rule in rules if kind == Filter.Kind.WORD)
        self._sites = Sites((pattern, rule) for kind, pattern, rule in rules if kind == Filter.Kind.LINK)

    def find(self, text: str) -> list[Match[Rule]]:
        """Return what of a text does not pass."""
        folded = Folded(text)
        return [*self._words.find(folded), *self._sites.find(folded)]

    def passed(self, text: str, *, field: str = "body") -> Passed:
        """Return the text as it may be said. Raises `Filtered`."""
        found = self.find(text)
        if not found:
            return Passed(text)
        rules = {match.rule.action: match.rule for match in reversed(found)}
        if Filter.Action.BLOCK in rules:
            raise filtered(field)
        replaced = [match for match in found if match.rule.action == Filter.Action.REPLACE]
        return Passed(_replaced(text, replaced), rules.get(Filter.Action.HOLD))


class Known:
    """What this process knows of the filters."""

    rows: list[Row]
    filters: Filters | None = None
    # When to look again.
    due = 0.0


known = Known()


def current() -> Filters | None:
    """Return the filters, or None when there are none."""
    if time.monotonic() >= known.due:
        _look()
    return known.filters


def passing(text: str, *, field: str) -> str:
    """Return a text that is shown at once, or not at all. Raises `Filtered`."""
    filters = current()
    if filters is None:
        return text
    passed = filters.passed(text, field=field)
    if passed.held:
        raise filtered(field)
    return passed.text


def check_name(name: str) -> None:
    """Raise `Filtered` for a name with anything in it that would be refused, held or replaced elsewhere."""
    filters = current()
    if filters and filters.find(name):
        raise filtered("name")


def filtered(field: str) -> Filtered:
    text = _("Some of these words or links are not welcome here. Please say it otherwise.")
    return Filtered(text, field=field)


def look_soon() -> None:
    """Look for changed filters before the next text; other processes do so soon enough."""
    known.due = 0.0


def _look() -> None:
    # Before the question: of several threads one asks it.
    known.due = time.monotonic() + EVERY
    rows = _rows.rows()
    if not rows:
        known.filters, known.rows = None, rows
    elif known.filters is None or rows != known.rows:
        known.filters, known.rows = Filters(rows), rows


def _replaced(text: str, found: list[Match[Rule]]) -> str:
    """Put replacements in the places of what was found; what overlaps is one place."""
    if not found:
        return text
    long: list[str] = []
    short: list[str] = []
    end = 0
    for match in sorted(found, key=lambda match: (match.start, -match.end)):
        if match.start < end:
            if match.end > end:
                end = match.end
            continue
        for parts, words in ((long, match.rule.replacement or MASK), (short, MASK[0])):
            parts += [text[end : match.start], words]
        end = match.end
    whole = "".join([*long, text[end:]])
    # Replacements may be longer than the words: not so that nobody can save the message again.
    return whole if len(whole) <= BODY_MOST else "".join([*short, text[end:]])
