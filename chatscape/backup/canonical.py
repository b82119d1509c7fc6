"""Values of a database as JSON, the same from every database and its every version.

Moments are in UTC with microseconds, bytes base64, numbers in JSON columns in their shortest form: PostgreSQL
keeps 1e2 as 100 and -0.0 as 0, SQLite as they came.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Field

from chatscape.backup import BackupError

# ASCII alone: also half a surrogate pair, which JSON may hold and UTF-8 may not, gets through.
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_MICROSECOND = timedelta(microseconds=1)


class Form(NamedTuple):
    """How a kind of value is written, and read again; None where JSON has it already."""

    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


def of_json(value: Any) -> Any:
    """Return a value of a JSON column with its numbers in one form."""
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: of_json(item) for key, item in value.items()}
    return [of_json(item) for item in value] if isinstance(value, list) else value


def of_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def of_time(value: time) -> str:
    return value.isoformat(timespec="microseconds")


def of_bytes(value: bytes | memoryview) -> str:
    return base64.b64encode(bytes(value)).decode("ascii")


def of_decimal(value: Decimal) -> str:
    return format(value, "f")


_AS_IT_IS = Form()
_FORMS = {
    **dict.fromkeys(("CharField", "TextField", "SlugField", "FileField", "FilePathField"), _AS_IT_IS),
    **dict.fromkeys(("AutoField", "BigAutoField", "SmallAutoField", "BooleanField", "FloatField"), _AS_IT_IS),
    **dict.fromkeys(("IntegerField", "BigIntegerField", "SmallIntegerField"), _AS_IT_IS),
    **dict.fromkeys(
        ("PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField"), _AS_IT_IS
    ),
    **dict.fromkeys(("GenericIPAddressField", "IPAddressField"), _AS_IT_IS),
    "UUIDField": Form(str, UUID),
    "DateTimeField": Form(of_moment, datetime.fromisoformat),
    "DateField": Form(date.isoformat, date.fromisoformat),
    "TimeField": Form(of_time, time.fromisoformat),
    "DurationField": Form(lambda value: value // _MICROSECOND, lambda value: value * _MICROSECOND),
    "DecimalField": Form(of_decimal, Decimal),
    "BinaryField": Form(of_bytes, base64.b64decode),
    "JSONField": Form(of_json),
}


def form_of(field: "Field[Any, Any]") -> Form:
    """Return how values of a column are written. Raises `BackupError` for a kind that is not known."""
    while field.is_relation:
        field = field.target_field  # type: ignore[attr-defined]
    kind = field.get_internal_type()
    if kind not in _FORMS:
        raise BackupError(f"{field} is a {kind}: chatscape/backup/canonical.py must say how that is written.")
    return _FORMS[kind]


def writer(fields: "list[Field[Any, Any]]") -> Callable[[tuple[Any, ...]], bytes]:
    """Return what makes a line of a row with these columns."""
    forms = [form_of(field).write for field in fields]
    encode = _encoder.encode

    def write(row: tuple[Any, ...]) -> bytes:
        values = [
            value if value is None or form is None else form(value)
            for form, value in zip(forms, row, strict=True)
        ]
        return encode(values).encode("ascii") + b"\n"

    return write


def reader(fields: "list[Field[Any, Any]]") -> Callable[[bytes], list[Any]]:
    """Return what makes a row of a line. It raises `ValueError` for what is none."""
    forms = [form_of(field).read for field in fields]

    def read(line: bytes) -> list[Any]:
        values = json.loads(line)
        if not isinstance(values, list):
            raise ValueError("no row")
        try:
            return [
                value if value is None or form is None else form(value)
                for form, value in zip(forms, values, strict=True)
            ]
        except (TypeError, ArithmeticError, AttributeError) as error:
            raise ValueError("no value of its column") from error

    return read
