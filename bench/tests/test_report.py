"""The verdicts are computed from what was measured."""

import pytest

from bench import pages, report, sockets
from bench.browsers import Figures
from bench.machine import Effort
from bench.pages import Pages
from bench.report import Ratio
from bench.sockets import FanOut, Opened, Sockets


def fan_out(server, latency, stream_seconds=0.0):
    size = sockets.SIZES[-1]
    stream = Effort(stream_seconds, stream_seconds, 0.1)
    return FanOut(server, size, [latency], Effort(1, 1, 0.5), int(stream_seconds > 0), size, stream)


def figures(rate):
    return Figures([0.1] * rate, Effort(1, 1, 0.5), rate)


def reached(found, pages_found, measure):
    rows = {row[0]: row[1:] for row in report.verdicts(found, pages_found)}
    return next(row for name, row in rows.items() if measure in name)


@pytest.mark.parametrize(
    ("value", "at_most", "verdict"),
    [
        (0.9, False, "yes"),
        (0.8, False, "**no**"),
        (0.8, True, "yes"),
        (0.9, True, "**no**"),
        (None, True, "not measured"),
    ],
)
def test_a_ratio_is_met_or_not(value, at_most, verdict):
    assert Ratio("this", value, 0.85, at_most).verdict == verdict


def test_what_was_not_measured_is_not_met():
    assert {row[3] for row in report.verdicts(Sockets(), Pages())} == {"not measured"}


def test_deliveries_are_the_worse_of_alone_and_in_a_stream():
    found = Sockets([fan_out(sockets.PARKED, 0.1, 4.0), fan_out(sockets.BARE, 0.1, 2.0)])

    assert reached(found, Pages(), "bare epoll loop") == ("0.50", "≥ 0.85", "**no**", "1.00")


def test_what_was_measured_twice_counts_as_one():
    found = Sockets([fan_out(sockets.BARE, 0.1), fan_out(sockets.PARKED, 0.2), fan_out(sockets.BARE, 0.3)])

    assert reached(found, Pages(), "last of") == ("1.00", "≤ 1.2", "yes", "–")


def test_the_slower_kind_of_room_decides():
    found = Pages(
        {
            pages.TRIVIAL: figures(100),
            pages.ROOM: figures(60),
            pages.SHARED_ROOM: figures(40),
            pages.FORM: figures(50),
        }
    )

    assert reached(Sockets(), found, "uncached") == ("0.40", "≥ 0.5", "**no**", "0.40")
    assert reached(Sockets(), found, "by form / trivial") == ("0.50", "≥ 0.5", "yes", "0.50")


def test_a_load_that_was_too_slow_is_named():
    slow = Figures([0.1], Effort(1, 0.4, 0.6), 1)

    assert "Not so: inbox." in report.load(Sockets(), Pages({"inbox": slow, pages.FORM: figures(1)}))
    assert "every measurement" in report.load(Sockets(), Pages({pages.FORM: figures(1)}))


def test_the_report_has_every_table():
    found = Sockets(
        [fan_out(sockets.PARKED, 0.1, 1.0)],
        {sockets.PARKED: Opened(500, Effort(1, 0.5, 0.1))},
        {sockets.PARKED: 5.5},
        3,
    )
    text = report.written(found, Pages({pages.TRIVIAL: figures(100), pages.FORM: figures(60)}, 1_000))

    assert "| ChatScape | 500 | 1,000 | 0 | 5.5 |" in text
    assert "| post by form | 60 | 0.60 | 16,667 |" in text
    assert "| memory of an idle socket | 5.50 KiB | ≤ 8 KiB | yes | – |" in text
    assert "1,003 acknowledged posts" in text
