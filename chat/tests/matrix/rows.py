"""All rows, by the name of the address, or by its route if it has none."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from chat.tests.matrix import rows_accounts, rows_house, rows_people, rows_rooms, rows_sign_in
from chat.tests.matrix.row import Rows

ROWS: Rows = {
    **rows_house.ROWS,
    **rows_rooms.ROWS,
    **rows_people.ROWS,
    **rows_accounts.ROWS,
    **rows_sign_in.ROWS,
}


def routes() -> Iterator[tuple[str, str]]:
    """Return every address of the server: what its row is called, and its route."""

    def walk(patterns: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield pattern.name or route, route
            else:
                yield from walk(pattern.url_patterns, route)

    yield from walk(get_resolver().url_patterns)
