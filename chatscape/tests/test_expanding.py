"""Every migration only adds, so that two versions can run side by side (OP12, docs/upgrades.md)."""

import pytest
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from chatscape.testing.expanding import hazards

APPS = ("accounts", "chat", "deploy", "oidc")
# No version that knows less than these was ever released.
FIRST = {"accounts": 5, "chat": 2, "oidc": 1}
# By app and name: why older code runs nevertheless, or that it must be stopped first (docs/upgrades.md).
REASONS: dict[tuple[str, str], str] = {}


def later():
    """All migrations that are newer than the first release."""
    return [
        pytest.param(app, name, id=f"{app}-{name}")
        for app, name in sorted(MigrationLoader(None).graph.nodes)
        if app in APPS and int(name[:4]) > FIRST.get(app, 0)
    ]


@pytest.mark.parametrize(("app", "name"), later())
def test_the_version_that_runs_now_still_runs_afterwards(app, name):
    loader = MigrationLoader(None)
    found = hazards(loader.graph.nodes[app, name], loader.project_state((app, name), at_end=False))
    if (app, name) in REASONS:
        assert found, "needs no reason any more"
    else:
        assert not found, "\n".join(["Do it in two steps, or say why in REASONS:", *found])


def test_reasons_are_for_migrations_that_exist():
    assert set(REASONS) <= set(MigrationLoader(None).graph.nodes)


def char(**options):
    return models.CharField(**{"max_length": 50, **options})


BEFORE = {
    "id": models.BigAutoField(primary_key=True),
    "name": char(),
    "kept": char(db_default=""),
    "nick": char(null=True),
}
UNSAFE = {
    "a column is dropped": operations.RemoveField("thing", "name"),
    "a column is renamed": operations.RenameField("thing", "name", "title"),
    "a table is dropped": operations.DeleteModel("Thing"),
    "a table is renamed": operations.RenameModel("Thing", "Object"),
    "a table gets another name": operations.AlterModelTable("thing", "things"),
    "a new column must be given": operations.AddField("thing", "size", models.IntegerField(default=0)),
    "a column may be empty no more": operations.AlterField("thing", "nick", char(default="")),
    "a default is taken away": operations.AlterField("thing", "kept", char()),
    "a column gets another type": operations.AlterField("thing", "name", models.TextField()),
    "a column gets shorter": operations.AlterField("thing", "name", char(max_length=20)),
    "a column becomes unique": operations.AlterField("thing", "name", char(unique=True)),
    "a column moves": operations.AlterField("thing", "name", char(db_column="title")),
    "rows must fulfil more": operations.AddConstraint(
        "thing", models.UniqueConstraint(fields=["name"], name="thing_once")
    ),
    "rows must be unique": operations.AlterUniqueTogether("thing", {("name", "nick")}),
    "nobody knows": operations.RunSQL("SELECT 1"),
    "nobody knows either": operations.RunPython(operations.RunPython.noop),
    "in the database alone": operations.SeparateDatabaseAndState([operations.RemoveField("thing", "name")]),
}
SAFE = {
    "a table is new": operations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
    "a column may be empty": operations.AddField("thing", "size", models.IntegerField(null=True)),
    "the database knows the default": operations.AddField("thing", "size", models.IntegerField(db_default=0)),
    "a column gets longer": operations.AlterField("thing", "name", char(max_length=80)),
    "a column may be empty now": operations.AlterField("thing", "name", char(null=True)),
    "a default is added": operations.AlterField("thing", "name", char(db_default="")),
    "only words change": operations.AlterField("thing", "name", char(verbose_name="What it is called")),
    "an index": operations.AddIndex("thing", models.Index(fields=["name"], name="thing_name")),
    "a rule less": operations.AlterModelOptions("thing", {"ordering": ["name"]}),
    "in our heads alone": operations.SeparateDatabaseAndState([], [operations.RemoveField("thing", "name")]),
}


def hazards_of(*given):
    state = ProjectState()
    state.add_model(ModelState("app", "Thing", list(BEFORE.items())))
    migration = Migration("0002", "app")
    migration.operations = list(given)
    return hazards(migration, state)


@pytest.mark.parametrize("operation", UNSAFE.values(), ids=UNSAFE)
def test_older_code_stumbles(operation):
    assert len(hazards_of(operation)) == 1


@pytest.mark.parametrize("operation", SAFE.values(), ids=SAFE)
def test_older_code_does_not_notice(operation):
    assert hazards_of(operation) == []


def test_a_table_that_was_made_just_now_may_have_any_columns():
    made = operations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])
    assert hazards_of(made, operations.AddField("other", "size", models.IntegerField(default=0))) == []
