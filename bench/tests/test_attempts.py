"""What fails or is late is noted, and the rest goes on."""

import os
import time

from bench.attempts import attempt


def test_what_works_is_not_missing():
    missing = {}
    with attempt(missing, "this", 10):
        done = True

    assert done
    assert missing == {}


def test_what_fails_is_missing_and_says_why():
    missing = {}
    with attempt(missing, "this", 10):
        os.read(-1, 1)

    assert missing == {"this": "OSError: [Errno 9] Bad file descriptor"}


def test_what_is_late_is_missing():
    missing = {}
    with attempt(missing, "this", 0.05):
        time.sleep(10)

    assert missing == {"this": "TimeoutError: not within 0 seconds"}


def test_a_part_of_a_part_leaves_the_whole_its_time():
    missing = {}
    with attempt(missing, "whole", 0.1):
        with attempt(missing, "part", 0.01):
            time.sleep(10)
        time.sleep(10)

    assert list(missing) == ["part", "whole"]


def test_when_there_is_no_time_left_a_part_is_late_at_once(monkeypatch):
    monkeypatch.setattr("bench.attempts.MOST_SECONDS", 0)
    missing = {}
    with attempt(missing, "this", 10):
        time.sleep(10)

    assert list(missing) == ["this"]
