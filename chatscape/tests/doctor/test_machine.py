"""Doctor on a machine whose clock is wrong, that permits few files, or has old programs."""

import resource
import sys
import time

import pytest

from chatscape.doctor import between, clocks, machine
from chatscape.doctor.examination import Options
from chatscape.tests.doctor.conftest import errors


@pytest.mark.parametrize(
    ("off", "level"),
    [(0.0, "ok"), (1.0, "ok"), (5.0, "warning"), (-5.0, "warning"), (90.0, "error"), (-3600, "error")],
)
def test_a_clock_that_is_wrong(off, level):
    assert clocks.compared("it", 1000.0, 1000.0 + off, 1000.2 + off).level == level


def test_a_slow_answer_is_no_wrong_clock():
    assert clocks.compared("it", 1000.0, 990.0, 1010.0).level == "ok"


def test_a_clock_before_the_code_was_written(monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: 0.0)

    [told] = errors(clocks.look(Options()))

    assert "1970" in told


def test_a_wrong_clock_of_ours_is_told_by_redis(redis_server, settings, monkeypatch):
    settings.REDIS_URL = redis_server.url
    monkeypatch.setattr(clocks, "now", lambda: time.time() + 120)

    [told] = errors(between.look(Options()))

    assert "seconds ahead of that of Redis" in told


def test_few_files_are_told(doctor):
    said = doctor("--only", "machine", before=("/bin/sh", "-c", 'ulimit -n 600 && exec "$0" "$@"'))

    assert "LimitNOFILE" in said.one("warning", "may open 600 files")["mend"]


def test_too_few_files_are_an_error(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (128, 128))

    assert any("may open 128 files" in told for told in errors(machine.look(Options())))


def test_old_versions_are_told(monkeypatch):
    monkeypatch.setattr(machine, "OLDEST", (3, 99))
    monkeypatch.setattr(machine, "NEWEST", (4, 0))
    monkeypatch.setattr(machine, "OLDEST_SQLITE", (99, 0, 0))

    told = errors(machine.look(Options()))

    assert any(f"Python {sys.version_info[0]}" in text for text in told)
    assert any("SQLite" in text and "too old" in text for text in told)
