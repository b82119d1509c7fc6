"""The database refuses to change or delete what the audit log says."""

import pytest
from django.db import DatabaseError, connection, transaction

from chat.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    return AuditEntry.objects.create(action="report.dismissed", actor_role="moderator")


@pytest.mark.parametrize(
    "deed",
    [
        lambda entry: AuditEntry.objects.update(action="nothing"),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: entry.delete(),
        lambda entry: connection.cursor().execute("DELETE FROM chat_auditentry"),
        lambda entry: connection.cursor().execute("UPDATE chat_auditentry SET actor = NULL"),
    ],
    ids=["update", "delete", "delete one", "sql delete", "sql update"],
)
def test_an_entry_stays_as_it_is(entry, deed):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        deed(entry)

    assert AuditEntry.objects.get().action == "report.dismissed"


def test_saving_an_entry_again_is_refused(entry):
    entry.action = "nothing"
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_nor_is_the_table_truncated(entry):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("TRUNCATE chat_auditentry")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_tests_start_with_an_empty_log(time):
    AuditEntry.objects.create(action="report.dismissed", actor_role="moderator")

    assert AuditEntry.objects.count() == 1
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.all().delete()
