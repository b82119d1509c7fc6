"""Templates that are rendered once: then only their values are put in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from html import escape
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from chat.statements import stand_in

Seen = TypeVar("Seen", bound=Hashable)


class Prepared:
    """A template that gives the same as the engine would, many times quicker.

    It is rendered once for each language and each shape it can have, with a stand-in for every value in
    `slots` (name: str, int or UUID; a dot in a name leads into an object). What decides inside the template
    (`if`, `for`) must be in the shape, never in a slot. Values are escaped unless they are safe strings;
    nothing of a request is there but what is given.
    """

    def __init__(self, name: str, slots: Mapping[str, type], **constants: object) -> None:
        self.name = name
        self._slots = slots
        self._constants = constants
        self._forms: dict[Hashable, str] = {}

    def fill(self, values: Mapping[str, object], **shape: Hashable) -> SafeString:
        """Return the HTML. `values` are those of the slots, `shape` the rest of the context."""
        key = (get_language(), *shape.items())
        form = self._forms.get(key) or self._make(key, shape)
        return mark_safe(form % {name: _escaped(value) for name, value in values.items()})  # noqa: S308

    def _make(self, key: Hashable, shape: Mapping[str, object]) -> str:
        stand_ins = {name: stand_in(kind) for name, kind in self._slots.items()}
        context = nested({**self._constants, **shape, **stand_ins})
        form = get_template(self.name).render(context).replace("%", "%%")
        for name, value in stand_ins.items():
            form = form.replace(str(value), f"%({name})s")
        # Somebody who works on a template wants to see it.
        if not settings.DEBUG:
            self._forms[key] = form
        return form


class Memo(Generic[Seen]):
    """Remembers the HTML of things that are asked for again, up to some bytes, then forgets the oldest.

    It cannot be wrong: an answer is used only for exactly what it was made from.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._lock = Lock()
        self._kept: dict[Hashable, tuple[Seen, SafeString]] = {}

    def get(self, key: Hashable, seen: Seen, make: Callable[[Seen], SafeString]) -> SafeString:
        """Return `make(seen)`. There is one answer for each `key`."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] == seen:
            return kept[1]
        html = make(seen)
        with self._lock:
            self._forget(key)
            self._kept[key] = seen, html
            # What it was made from has about the same words.
            self.size += 2 * len(html)
            while self.size > self.most:
                self._forget(next(iter(self._kept)))
        return html

    def _forget(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= 2 * len(kept[1])


def nested(flat: Mapping[str, object]) -> dict[str, Any]:
    """Turn names with dots into dictionaries: `{"user.id": 1}` into `{"user": {"id": 1}}`."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = found
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return found


def _escaped(value: object) -> str:
    """Escape as the engine does; numbers and UUIDs have nothing to escape."""
    kind = type(value)
    if kind is SafeString:
        return value  # type: ignore[return-value]
    return str(value) if kind is int or kind is UUID else escape(str(value))
