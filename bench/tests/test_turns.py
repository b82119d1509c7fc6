"""Measurements go on without what fails."""

import contextlib
from typing import Any

import pytest

from bench import pages, sockets
from bench.browsers import Figures
from bench.machine import Effort
from bench.pages import Pages, in_turns
from bench.sockets import Contest, Sockets
from bench.talk import FanOut


class Voice:
    """Tells everybody, unless it is broken."""

    def __init__(self, broken=False):
        self.broken, self.told, self.ended = broken, 0, False

    def tell(self):
        if self.broken:
            raise TimeoutError("Nobody listens")
        self.told += 1
        return FanOut("voice", 10, [0.1], [0.1], Effort(1, 1, 1))

    def end(self):
        self.ended = True


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(pages, "ROUNDS", 2)
    # However long other tests have taken.
    monkeypatch.setattr(pages, "time_left", lambda: 600.0)
    return []


def asking(asked, name, error=None):
    def ask(seconds):
        asked.append(name)
        if error:
            raise error
        return Figures([0.1], Effort(1, 1, 0.5), 1)

    return ask


def test_a_page_that_fails_is_asked_for_once_and_the_others_in_every_turn(asked):
    found = Pages()
    measured = {
        "least": (asking(asked, "least"), ""),
        "broken": (asking(asked, "broken", AssertionError("wrong page")), "least"),
        "page": (asking(asked, "page"), "least"),
    }
    in_turns(found, measured)

    assert asked.count("broken") == 1
    assert list(found.missing) == ["broken"]
    assert len(found.turns["page"]) == 2
    assert found.compare("page", lambda one: one.rate) == 1


def test_what_has_a_broken_yardstick_is_left_out(asked):
    found = Pages()
    measured = {
        "least": (asking(asked, "least", OSError("gone")), ""),
        "page": (asking(asked, "page"), "least"),
    }
    in_turns(found, measured)

    assert "page" not in asked


def test_a_server_that_fails_leaves_and_the_others_stay():
    found = Sockets()
    contest = Contest(found)
    one, other = Voice(), Voice(broken=True)
    voices: Any = {"one": one, "other": other}
    contest.voices = voices
    with contextlib.closing(contest.stack):
        contest.tell(10, ["one", "other"])

    assert one.told == sockets.TURNS
    assert other.ended
    assert list(found.missing) == ["other, 10 sockets"]
    assert "Nobody listens" in found.missing["other, 10 sockets"]
