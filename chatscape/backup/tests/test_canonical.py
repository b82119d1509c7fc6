"""A value is written in one way, and is the same again when it is read."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from chatscape.backup import BackupError, canonical

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# What SQLite and PostgreSQL both keep as they get it: all of Unicode but NUL and halves of pairs.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
DECIMALS = st.decimals(places=10, allow_nan=False, allow_infinity=False)
KINDS = [
    (models.TextField(), TEXT),
    (models.UUIDField(), st.uuids()),
    (models.DateTimeField(), st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES)),  # noqa: DTZ001
    (models.DateField(), st.dates()),
    (models.TimeField(), st.times()),
    (models.DurationField(), st.timedeltas()),
    (models.BooleanField(), st.booleans()),
    (models.BigIntegerField(), st.integers(-(2**63), 2**63 - 1)),
    (models.FloatField(), st.floats(allow_nan=False, allow_infinity=False)),
    (models.DecimalField(max_digits=30, decimal_places=10), DECIMALS),
    (models.BinaryField(), st.binary()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "values"), KINDS, ids=lambda each: getattr(each, "get_internal_type", str)()
)
@given(data=st.data())
def test_what_is_read_is_what_was_written(field, values, data):
    value = data.draw(st.none() | values)
    write, read = canonical.writer([field, field]), canonical.reader([field, field])

    line = write((value, None))

    assert line.isascii()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert read(line) == [value, None]
    assert write(tuple(read(line))) == line


@given(value=JSON)
def test_json_is_the_same_after_any_database(value):
    """Numbers that PostgreSQL writes otherwise are one and the same, keys have one order."""
    field = models.JSONField()
    write, read = canonical.writer([field]), canonical.reader([field])

    line = write((value,))

    assert write(tuple(read(line))) == line
    [kept] = read(line)
    assert kept == value or json.dumps(kept, sort_keys=True) != json.dumps(value, sort_keys=True)
    assert write((kept,)) == line


@pytest.mark.parametrize(
    ("one", "other"),
    [(1e2, 100), (-0.0, 0), (1e300, 10**300), (2.50, 2.5), ({"b": 1, "a": 2}, {"a": 2, "b": 1})],
)
def test_what_databases_write_differently_is_written_in_one_way(one, other):
    write = canonical.writer([models.JSONField()])

    assert write(([one],)) == write(([other],))


@pytest.mark.parametrize(("one", "other"), [(True, 1), (2**53 + 1, 2**53), ("1", 1), (None, [])])
def test_what_differs_is_not_made_the_same(one, other):
    write = canonical.writer([models.JSONField()])

    assert write(([one],)) != write(([other],))


def test_moments_are_in_utc():
    write = canonical.writer(
        [models.DateTimeField(), models.DateField(), models.TimeField(), models.UUIDField()]
    )
    moment = datetime(2026, 3, 29, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))

    line = write((moment, date(2026, 3, 29), time(1, 2), UUID(int=1)))

    assert json.loads(line) == [
        "2026-03-29T01:00:00.000001+00:00",
        "2026-03-29",
        "01:02:00.000000",
        "00000000-0000-0000-0000-000000000001",
    ]
    assert canonical.of_moment(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000+00:00"
    assert canonical.of_decimal(Decimal("1E+2")) == "100"


@pytest.mark.parametrize(
    "line", [b"{}", b"[1]", b"[1,2,3]", b"[5, null]", b'["x", null]', b"nonsense", b"[[],{}]"]
)
def test_what_is_no_row_is_refused(line):
    with pytest.raises(ValueError):
        canonical.reader([models.UUIDField(), models.DateTimeField()])(line)


def test_every_column_there_is_can_be_written():
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            assert canonical.form_of(field)


def test_a_column_of_a_kind_that_nobody_knows_is_named():
    class Odd(models.Field):
        def get_internal_type(self) -> str:
            return "OddField"

    with pytest.raises(BackupError, match="OddField"):
        canonical.form_of(Odd())
