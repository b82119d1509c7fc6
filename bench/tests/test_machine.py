"""Servers have one processor, the load another, and time is told exactly."""

import os

from bench.machine import cores, on, processor_seconds


def test_the_processors_stay_the_same_wherever_one_asks():
    before = cores()
    with on(before[1]):
        assert os.sched_getaffinity(0) == {before[1]}
        assert cores() == before
    assert len(os.sched_getaffinity(0)) == len({*os.sched_getaffinity(0), *before})


def test_processor_time_passes_while_something_is_done():
    before = processor_seconds([os.getpid()])
    sum(range(100_000))

    assert before < processor_seconds([os.getpid()]) < before + 10
    # Nobody has this number.
    assert processor_seconds([2**22 + 1]) == 0
