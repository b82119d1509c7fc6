"""Kinds of numbers that are kept. To count is an addition in memory; whoever asks pays for the rest."""

from bisect import bisect_left
from threading import Lock
from typing import ClassVar

Labels = tuple[str, ...]


class Family:
    """A metric: its name as Prometheus shows it, what it means, and the names of its labels."""

    all: ClassVar[dict[str, "Family"]] = {}

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        Family.all[name] = self


class Counter(Family):
    """Counts what has happened since the server started. Use it from any thread."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        super().__init__(name, meaning, *labels)
        self.values: dict[Labels, float] = {} if labels else {(): 0}
        self._lock = Lock()

    def add(self, *labels: str, by: float = 1) -> None:
        with self._lock:
            self.values[labels] = self.values.get(labels, 0) + by


class Histogram(Family):
    """Counts how often something took how long, or was how large. Use it from any thread."""

    def __init__(self, name: str, meaning: str, *labels: str, bounds: tuple[float, ...]) -> None:
        super().__init__(name, meaning, *labels)
        self.bounds = bounds
        # For each bound, for what is beyond the last one, and at the end the sum of all.
        self.values: dict[Labels, list[float]] = {} if labels else {(): self._none()}
        self._lock = Lock()

    def observe(self, value: float, *labels: str) -> None:
        with self._lock:
            numbers = self.values.get(labels)
            if numbers is None:
                numbers = self.values[labels] = self._none()
            numbers[bisect_left(self.bounds, value)] += 1
            numbers[-1] += value

    def _none(self) -> list[float]:
        return [0] * (len(self.bounds) + 2)


class Gauge(Family):
    """How something is at the moment, for each process: read when somebody asks (`chatscape.metrics.gauges`).

    One that `counts` only grows as long as its process lives.
    """

    def __init__(self, name: str, meaning: str, *labels: str, counts: bool = False) -> None:
        super().__init__(name, meaning, "worker", *labels)
        self.counts = counts
