"""Tables that only grow: the database itself refuses to change or delete a row."""

from collections.abc import Sequence

_SQLITE = """
CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION chat_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
_POSTGRESQL = """
CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION chat_append_only()
"""


def statements(vendor: str, table: str) -> Sequence[str]:
    """Return the SQL that makes `table` append-only on a database of this vendor."""
    if vendor == "sqlite":
        return [_SQLITE.format(table=table, event=event) for event in ("UPDATE", "DELETE")]
    events = ("UPDATE", "DELETE", "TRUNCATE")
    return [_FUNCTION, *(_POSTGRESQL.format(table=table, event=event) for event in events)]


def undoing(vendor: str, table: str) -> Sequence[str]:
    """Return the SQL that takes it back."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER {table}_no_{event}" for event in ("UPDATE", "DELETE")]
    return [f"DROP TRIGGER {table}_no_{event} ON {table}" for event in ("UPDATE", "DELETE", "TRUNCATE")]
