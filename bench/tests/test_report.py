"""The verdicts are computed from what was measured."""

import pytest

from bench import pages, report, sockets
from bench.browsers import Figures
from bench.machine import Effort
from bench.pages import Pages, Turn
from bench.report import Ratio
from bench.sockets import Sockets
from bench.talk import FanOut, Opened


def fan_out(server, latency, stream_seconds=0.0):
    size = sockets.SIZES[-1]
    stream = Effort(stream_seconds, stream_seconds, 0.1)
    return FanOut(
        server, size, [latency], [latency / 2], Effort(1, 1, 0.5), int(stream_seconds > 0), size, stream
    )


def figures(rate):
    return Figures([0.1] * rate, Effort(1, 1, 0.5), rate)


def asked(**rates):
    """Pages in one turn, with the trivial page as their yardstick."""
    trivial = figures(100)
    return Pages(
        {getattr(pages, name): [Turn(figures(rate), trivial)] for name, rate in rates.items()}, 1_000
    )


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


def test_the_median_of_the_turns_counts():
    found = Sockets()
    for product, bare in ((0.1, 0.1), (0.3, 0.2), (9.0, 0.2)):
        found.fan_outs += [fan_out(sockets.PARKED, product), fan_out(sockets.BARE, bare)]

    assert reached(found, Pages(), "last of") == ("1.50", "≤ 1.2", "**no**", "–")


def test_the_slower_kind_of_room_decides():
    found = asked(ROOM=60, SHARED_ROOM=40, FORM=50)

    assert reached(Sockets(), found, "uncached") == ("0.40", "≥ 0.5", "**no**", "0.40")
    assert reached(Sockets(), found, "by form / trivial") == ("0.50", "≥ 0.5", "yes", "0.50")


def test_what_failed_says_why():
    found = Sockets(missing={f"{sockets.PARKED}, 10,000 sockets": "TimeoutError: late"})
    text = report.written(found, Pages(missing={"pages": "OSError: gone"}))

    assert reached(found, Pages(), "deliveries/s at 10,000")[2] == "not measured: TimeoutError: late"
    assert "| ChatScape, 10,000 sockets | TimeoutError: late |" in text
    assert "not measured: OSError: gone" in text


def test_a_load_that_was_too_slow_is_named():
    slow = Figures([0.1], Effort(1, 0.4, 0.6), 1)
    found = asked(FORM=1)
    found.turns[pages.INBOX] = [Turn(slow)]

    assert "Not so: inbox." in report.load(Sockets(), found)
    assert "every measurement" in report.load(Sockets(), asked(FORM=1))


def test_the_report_has_every_table():
    found = Sockets(
        [fan_out(sockets.PARKED, 0.1, 1.0)],
        {sockets.PARKED: Opened(500, Effort(1, 0.5, 0.1))},
        {sockets.PARKED: 5.5},
        3,
    )
    text = report.written(found, asked(TRIVIAL=100, FORM=60))

    assert "| ChatScape | 500 | 1,000 | 0 | 5.5 |" in text
    assert "| post by form | 60 | 0.60 | 16,667 |" in text
    assert "| memory of an idle socket | 5.50 KiB | ≤ 8 KiB | yes | – |" in text
    assert "1,003 acknowledged posts" in text
