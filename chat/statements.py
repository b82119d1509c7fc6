"""Querysets whose SQL is made once: building it costs more than asking the database."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

Row = tuple[Any, ...]
BIGGEST = 2**63 - 1


@dataclass(frozen=True)
class _Sql:
    """The text for one kind of database, its parameters, and which of them are put in each time."""

    text: str
    constants: list[Any]
    places: list[tuple[int, str]]


class Statement:
    """A queryset of plain rows of which only the values change.

    `build` gets a stand-in for each name in `kinds` (str, int or UUID), makes the queryset with them, and is
    called once for each kind of database. It must not decide anything by them.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **kinds: type) -> None:
        self._build = build
        self._kinds = kinds
        self._made: dict[str, _Sql] = {}

    def rows(self, **values: str | int | UUID) -> list[Row]:
        """Return the rows as the driver gives them: see `chat.rows` for what that is."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql = self._made.get(connection.vendor) or self._make(connection)
        parameters = sql.constants.copy()
        for place, name in sql.places:
            parameters[place] = _parameter(values[name], connection)
        with connection.cursor() as cursor:
            cursor.execute(sql.text, parameters)
            rows: list[Row] = cursor.fetchall()
            return rows

    def _make(self, connection: BaseDatabaseWrapper) -> _Sql:
        stand_ins = {name: stand_in(kind) for name, kind in self._kinds.items()}
        query = self._build(**stand_ins).query
        text, found = query.get_compiler(connection.alias).as_sql()
        names = {_parameter(value, connection): name for name, value in stand_ins.items()}
        constants = list(found)
        places = [(place, names[value]) for place, value in enumerate(constants) if _known(value, names)]
        if {name for _place, name in places} != set(stand_ins):
            raise ValueError(f"not every value is a parameter: {text}")
        made = self._made[connection.vendor] = _Sql(text, constants, places)
        return made


def stand_in(kind: type) -> Any:
    """Return a value of this kind that occurs nowhere else."""
    if kind is UUID:
        return uuid.uuid4()
    if kind is int:
        return 10**17 + secrets.randbelow(10**17)
    # Letters and digits: nothing escapes them.
    return f"standin{secrets.token_hex(8)}"


def _parameter(value: Any, connection: BaseDatabaseWrapper) -> Any:
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    # Beyond what any database can count there is nothing either.
    return min(value, BIGGEST) if isinstance(value, int) else value


def _known(value: Any, names: dict[Any, str]) -> bool:
    return isinstance(value, (str, int, UUID)) and value in names
