"""Say whether a migration only adds: then the version that runs now still runs when it has been applied.

While workers are replaced, and when an upgrade is taken back, older code works with the newer database.
"""

from collections.abc import Iterator, Sequence

from django.db import models
from django.db.migrations import operations
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field

# These are nothing to code that does not know of them.
HARMLESS = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterModelTableComment,
)


def hazards(migration: Migration, before: ProjectState) -> list[str]:
    """Return what older code would stumble over, in words."""
    state, made = before.clone(), set[str]()
    found: list[str] = []
    for operation in migration.operations:
        found += _hazards(operation, migration.app_label, state, made)
        if isinstance(operation, operations.CreateModel):
            made.add(operation.name.lower())
        operation.state_forwards(migration.app_label, state)
    return found


def _hazards(operation: Operation, app: str, state: ProjectState, made: set[str]) -> Iterator[str]:
    model = getattr(operation, "model_name", getattr(operation, "name", "")).lower()
    if isinstance(operation, HARMLESS) or (isinstance(operation, FIELDS) and model in made):
        # Nobody older knows a table that was made just now.
        return
    if isinstance(operation, operations.SeparateDatabaseAndState):
        yield from _separated(operation.database_operations, app, state, made)
    elif isinstance(operation, operations.AddField):
        if not _can_be_left_out(operation.field):
            yield f"{operation.describe()}: NOT NULL without db_default, older code inserts rows without it"
    elif isinstance(operation, operations.AlterField):
        old = state.models[app, model].fields[operation.name]
        for what in _narrowed(old, operation.field):
            yield f"{operation.describe()}: {what}"
    else:
        yield f"{operation.describe()}: older code may need what it changes, or not keep to it"


FIELDS = (
    operations.AddField,
    operations.AlterField,
    operations.AddConstraint,
    operations.AlterUniqueTogether,
)


def _separated(done: Sequence[Operation], app: str, state: ProjectState, made: set[str]) -> Iterator[str]:
    for operation in done:
        yield from _hazards(operation, app, state, made)


def _can_be_left_out(field: "Field[object, object]") -> bool:
    return bool(field.null or field.many_to_many or field.has_db_default())


def _narrowed(old: "Field[object, object]", new: "Field[object, object]") -> Iterator[str]:
    """What the old field took and the new one does not."""
    if type(old) is not type(new) or (old.remote_field != new.remote_field and _target(old) != _target(new)):
        yield "another type"
    if old.null and not _can_be_left_out(new):
        yield "NOT NULL without db_default"
    if old.has_db_default() and not _can_be_left_out(new):
        yield "without its db_default"
    if new.unique and not old.unique:
        yield "unique"
    if (old.max_length or 0) > (new.max_length or 0) > 0 and isinstance(new, models.CharField):
        yield "shorter"
    if old.db_column != new.db_column:
        yield "another column"


def _target(field: "Field[object, object]") -> str:
    related = field.remote_field.model if field.remote_field else ""
    return str(getattr(related, "_meta", related)).lower()
