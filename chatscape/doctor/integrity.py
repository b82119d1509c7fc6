"""Whether what is in the database fits together: references, and the order of rooms."""

from django.apps import apps
from django.db import DatabaseError, connection, models
from django.db.models import Exists, F, OuterRef, Q

from chatscape.doctor.findings import Findings, error, ok, warning

MEND = "Restore a backup (docs/backup.md), or report this as a bug with how it came about."


def look(*, deep: bool) -> Findings:
    """Look at rooms; with `deep` at every row, which takes as long as reading the database."""
    try:
        yield from _rooms(deep=deep)
        if deep:
            yield from _file()
            yield from _references()
        else:
            yield ok("Rows were not looked through; --deep does.")
    except DatabaseError as problem:
        # Without tables there is nothing to look at.
        yield error(f"Rows cannot be read: {str(problem).partition(chr(10))[0]}.", "python manage.py migrate")


def _rooms(*, deep: bool) -> Findings:
    from chat.models import Membership, Message, Room

    found = {
        "show a last message of another room": Room.objects.exclude(last_message=None).exclude(
            last_message__room=F("id")
        ),
        "have somebody who read more than there is": Room.objects.filter(
            Exists(Membership.objects.filter(room=OuterRef("pk"), read_sequence__gt=OuterRef("revision")))
        ),
    }
    if deep:
        beyond = Message.objects.filter(room=OuterRef("pk")).filter(
            Q(revision__gt=OuterRef("revision")) | Q(sequence__gt=F("revision")) | Q(sequence__lt=1)
        )
        found["have messages beyond their revision"] = Room.objects.filter(Exists(beyond))
    wrong = False
    for what, rooms in found.items():
        if number := rooms.count():
            wrong = True
            yield error(f"{number} rooms {what}.", MEND)
    if not wrong:
        yield ok("Rooms and their messages are in order.")


def _file() -> Findings:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check(5)")
            rows = [row[0] for row in cursor.fetchall()]
            if rows == ["ok"]:
                yield ok("The database file is whole.")
            else:
                yield error(
                    f"The database file is damaged: {rows[0]}", "Stop the server and restore a backup."
                )
        elif connection.vendor == "postgresql":
            cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated")
            if names := [row[0] for row in cursor.fetchall()]:
                yield warning(
                    f"Some constraints hold for new rows only: {', '.join(names[:5])}.",
                    "ALTER TABLE ... VALIDATE CONSTRAINT ...",
                )


def _references() -> Findings:
    lost = []
    for model in apps.get_models():
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            # What the database does not hold itself to may point nowhere on purpose.
            if isinstance(field, models.ForeignKey) and getattr(field, "db_constraint", True):
                number = _pointing_nowhere(model, field)
                if number:
                    lost.append(f"{number} rows of {model._meta.label} have a {field.name} that is gone")
    yield error(f"{'; '.join(lost)}.", MEND) if lost else ok("No row refers to what is gone.")


def _pointing_nowhere(model: type[models.Model], field: "models.ForeignKey[object, object]") -> int:
    target = field.remote_field.model
    there = target._base_manager.filter(**{field.target_field.attname: OuterRef(field.attname)})
    return model._base_manager.exclude(**{field.attname: None}).filter(~Exists(there)).count()
