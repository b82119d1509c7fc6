"""Which tables there are at a state of the migrations, their rows in one order, and the hash of these."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps.registry import Apps
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import Expression, F, Field, Model
from django.db.models.functions import Collate

from chatscape.backup import BackupError, canonical

# Kept by the migrations themselves: a backup names what was applied.
MIGRATIONS = "django_migrations"
ROWS_AT_ONCE = 2000

State = list[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """One table as it was at that state; columns are in the order of their names."""

    model: type[Model]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def label(self) -> str:
        return self.model._meta.label

    @cached_property
    def fields(self) -> "list[Field[Any, Any]]":
        """Its columns, but those that the database works out."""
        kept = [field for field in self.model._meta.local_concrete_fields if not field.generated]
        return sorted(kept, key=lambda field: str(field.column))

    @property
    def columns(self) -> list[str]:
        return [str(field.column) for field in self.fields]

    @cached_property
    def needs(self) -> set[str]:
        """The tables without whose rows its own cannot be."""
        return {
            str(field.remote_field.model._meta.db_table)
            for field in self.fields
            if field.remote_field and not field.null
        } - {self.name}

    def lines(self, using: str) -> Iterator[bytes]:
        """Yield its rows in the order of the key's bytes, whatever language the database sorts by."""
        rows = self.model._base_manager.using(using).order_by(self._order(using))
        named = rows.values_list(*(field.attname for field in self.fields))
        return map(canonical.writer(self.fields), named.iterator(chunk_size=ROWS_AT_ONCE))

    def _order(self, using: str) -> str | Expression:
        key: Any = self.model._meta.pk
        plain = key
        while plain.is_relation:
            plain = plain.target_field
        is_text = plain.get_internal_type() in ("CharField", "TextField", "SlugField")
        if is_text and connections[using].vendor == "postgresql":
            return Collate(F(key.attname), "C")
        return str(key.attname)

    def digest(self, using: str) -> tuple[int, str]:
        """Return how many rows there are now, and the hash of them all."""
        counted, hashed = 0, hashlib.sha256()
        for line in self.lines(using):
            counted += 1
            hashed.update(line)
        return counted, hashed.hexdigest()


def loader_of(using: str) -> MigrationLoader:
    return MigrationLoader(connections[using])


def applied(loader: MigrationLoader) -> State:
    """Return the migrations of a database. Raises `BackupError` when this code does not know them all."""
    state = sorted(loader.applied_migrations)
    refuse_unknown(loader, state, "The database was migrated by newer code")
    return state


def refuse_unknown(loader: MigrationLoader, state: State, what: str) -> None:
    """Raise `BackupError` for migrations that this code does not have."""
    unknown = [f"{app}.{name}" for app, name in state if (app, name) not in loader.disk_migrations]
    if unknown:
        raise BackupError(f"{what}: this code does not know {', '.join(unknown[:3])}.")


def models_at(loader: MigrationLoader, state: State) -> Apps:
    """Return all models as they were when these migrations were the last."""
    nodes = [key for key in state if key in loader.graph.nodes]
    return loader.project_state(nodes=nodes, at_end=True).apps


def tables_at(loader: MigrationLoader, state: State) -> list[Table]:
    """Return every table of that state, those that others need first."""
    models = models_at(loader, state).get_models(include_auto_created=True)
    return ordered([Table(model) for model in models if model._meta.managed and not model._meta.proxy])


def ordered(tables: list[Table]) -> list[Table]:
    """Sort tables so that required rows come before those that require them, else by name."""
    waiting = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    done: list[Table] = []
    while waiting:
        ready = [table for table in waiting.values() if not table.needs & waiting.keys()]
        # A circle of required rows: constraints wait for the end of the transaction anyway.
        done += [waiting.pop(table.name) for table in ready or list(waiting.values())[:1]]
    return done


def depending_on(tables: list[Table], name: str) -> set[str]:
    """Return the table and all whose rows cannot be without its rows."""
    found = {name}
    while more := {table.name for table in tables if table.needs & found} - found:
        found |= more
    return found
