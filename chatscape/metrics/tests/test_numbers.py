"""Counting, adding up what several processes say, and the text for Prometheus (OP10)."""

import os
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chatscape.metrics import catalogue, exposition
from chatscape.metrics.board import HALF, Board
from chatscape.metrics.kinds import Counter, Family, Gauge, Histogram
from chatscape.metrics.snapshots import added, taken

# Values are ours: names of routes, codes, numbers of workers. None is a person's.
LABELS = {
    "action", "carrier", "code", "django", "door", "kind", "level", "method", "outcome", "python", "queue",
    "route", "state", "status", "version", "worker",
}  # fmt: skip


@pytest.fixture
def names():
    """Metrics of this test alone."""
    before = dict(Family.all)
    yield Family.all
    Family.all.clear()
    Family.all.update(before)


@pytest.fixture
def board():
    board = Board.make(3)
    yield board
    board.close()


def found(snapshot, name, **labels):
    """Return what a scrape says of one metric with these labels."""
    [value] = [
        sample.value
        for family in text_string_to_metric_families(exposition.text(snapshot).decode())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return value


def test_threads_lose_no_count(names):
    counter = Counter("test_total", "Something.", "kind")
    threads = [
        threading.Thread(target=lambda: [counter.add("a") for _time in range(5_000)]) for _number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter.values == {("a",): 20_000}


def test_what_is_observed_is_counted_in_its_bucket_and_all_above(names):
    histogram = Histogram("test_seconds", "How long.", "kind", bounds=(1, 5))
    for value in (0.5, 1, 3, 100):
        histogram.observe(value, "a")

    said = taken([])

    assert found(said, "test_seconds_bucket", le="1.0") == 2
    assert found(said, "test_seconds_bucket", le="5.0") == 3
    assert found(said, "test_seconds_bucket", le="+Inf") == 4
    assert found(said, "test_seconds_count", kind="a") == 4
    assert found(said, "test_seconds_sum", kind="a") == 104.5


def test_all_processes_are_told_together(names):
    counter = Counter("test_total", "Something.", "kind")
    histogram = Histogram("test_seconds", "How long.", bounds=(1,))
    gauge = Gauge("test_now", "Right now.")
    counter.add("a", by=2)
    histogram.observe(0.5)
    one, two = taken([(gauge, ("0",), 7.0)]), taken([(gauge, ("1",), 8.0)])

    both = added([one, two])

    assert found(both, "test_total", kind="a") == 4
    assert found(both, "test_seconds_count") == 2
    assert (found(both, "test_now", worker="0"), found(both, "test_now", worker="1")) == (7, 8)


def test_another_version_beside_this_one_is_no_harm(names):
    histogram = Histogram("test_seconds", "How long.", bounds=(1, 5))
    histogram.observe(0.5)
    strange = {"unknown_total": [[["x"], 1]], "test_seconds": [[[], [1, 2]]]}

    assert found(added([taken([]), strange]), "test_seconds_count") == 1


def test_a_worker_that_is_gone_leaves_its_counts_and_nothing_else(names, board):
    counter, gauge = Counter("test_total", "Something.", "kind"), Gauge("test_now", "Right now.")
    counter.add("a")
    for slot in range(2):
        board.write(slot, taken([(gauge, (str(slot),), 1.0)]))
    before = found(added(board.read()), "test_total", kind="a")

    board.bury(0)
    board.bury(0)

    said = added(board.read())
    assert found(said, "test_total", kind="a") == before == 2
    assert found(said, "test_now") == 1
    # Its successor begins anew, in the same place.
    board.write(0, taken([(gauge, ("0",), 1.0)]))
    board.bury(0)
    assert found(added(board.read()), "test_total", kind="a") == 3


def test_a_worker_killed_while_it_writes_leaves_what_it_said_before(names, board):
    counter = Counter("test_total", "Something.", "kind")
    counter.add("a")
    board.write(0, taken([]))
    # The other half, half written.
    whole = 4096 + 4096
    for half in (whole, whole + HALF):
        if not board._memory[half : half + 4].strip(b"\0"):
            board._memory[half : half + 100] = os.urandom(100)

    board.bury(0)

    assert found(added(board.read()), "test_total", kind="a") == 1


def test_counts_never_go_back_while_workers_come_and_go(names, board):
    counter = Counter("test_total", "Something.", "kind")
    counter.add("a")
    reads: list[float] = []
    over = threading.Event()

    def scrape():
        while not over.is_set():
            reads.append(found(added(board.read()), "test_total", kind="a"))

    board.write(0, taken([]))
    scraper = threading.Thread(target=scrape)
    scraper.start()
    for _time in range(50):
        board.write(1, taken([]))
        board.bury(1)
    over.set()
    scraper.join()

    assert reads == sorted(reads)
    assert found(added(board.read()), "test_total", kind="a") == 51


def test_all_there_could_be_finds_room_on_the_board(board):
    from chat.tests.matrix.rows import routes

    many = [
        [[name, method, status], [123_456] * 13 + [123456.123456789]]
        for name, _route in routes()
        for method in ("GET", "HEAD", "POST", "OTHER")
        for status in ("2xx", "3xx", "4xx", "5xx")
    ]
    board.write(0, {**taken([]), "chatscape_request_seconds": many})

    assert len(board.read()[0]["chatscape_request_seconds"]) == len(many) > 500


@pytest.mark.parametrize("name", list(Family.all))
def test_names_are_as_prometheus_wants_them(name):
    family = Family.all[name]
    counts = isinstance(family, Counter) or (isinstance(family, Gauge) and family.counts)

    assert name.startswith("chatscape_")
    assert name.endswith("_total") == counts
    assert set(family.labels) <= LABELS
    assert family.meaning.endswith(".") or family is catalogue.build
    if not name.endswith(("_total", "_info", "_up", "_length", "_size", "_waiting", "_connections")):
        assert name.endswith(("_seconds", "_bytes", "_fds", "_sockets", "_messages"))


def test_the_text_is_prometheus_own():
    families = list(text_string_to_metric_families(exposition.text(taken([])).decode()))

    assert {family.name for family in families} <= {name.removesuffix("_total") for name in Family.all}
    assert all(family.documentation for family in families)
