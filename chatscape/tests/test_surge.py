"""Who is let in when too many come (EV7)."""

import pytest

from chatscape.surge import BURST_SECONDS, COME_BACK, COME_BACK_TO_FULL, PAGE_PATIENCE, Gate, Line


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def admitted(gate, tries):
    return sum(gate.admit() is None for _ in range(tries))


def test_a_crowd_is_let_in_up_to_the_burst_and_then_at_the_rate(clock):
    gate = Gate(10, clock)
    assert admitted(gate, 100) == 10 * BURST_SECONDS
    clock.now += 1
    assert admitted(gate, 100) == 10
    clock.now += 3600
    assert admitted(gate, 100) == 10 * BURST_SECONDS


def test_those_refused_are_told_different_times(clock):
    gate = Gate(1, clock)
    admitted(gate, BURST_SECONDS)
    waits = {gate.admit() for _ in range(50)}
    assert len(waits) > 10
    assert all(wait and COME_BACK[0] <= wait <= COME_BACK[1] for wait in waits)


def test_no_more_are_checked_at_once_than_may_come_in_a_second(clock):
    gate = Gate(10, clock)
    gate.shaking.update(range(10))
    assert gate.admit() is not None
    gate.shaking.pop()
    assert gate.admit() is None


def test_the_last_files_are_kept(clock):
    gate = Gate(10, clock)
    gate.last_descriptor = 100
    assert gate.admit(descriptor=100) is None
    wait = gate.admit(descriptor=101)
    assert wait
    assert COME_BACK_TO_FULL[0] <= wait <= COME_BACK_TO_FULL[1]


def test_a_request_waits_only_in_a_line_that_moves(clock):
    line = Line(clock)
    assert line.enter() is None
    clock.now += PAGE_PATIENCE
    assert line.enter() is None
    clock.now += 0.1
    assert line.enter() is not None
    # Whoever was first is served: the next has not waited so long.
    line.leave()
    assert line.enter() is None
    line.leave()
    line.leave()
    clock.now += 3600
    assert line.enter() is None
