"""What one process says of itself, as plain JSON, and the sum of what several say."""

from collections.abc import Iterable
from typing import Any

from chatscape.metrics.kinds import Counter, Family, Gauge, Histogram, Labels

# By name of the metric: values of labels, and a number or the numbers of a histogram.
Snapshot = dict[str, Any]
Reading = tuple[Gauge, Labels, float]


def taken(gauges: Iterable[Reading]) -> Snapshot:
    """Return all that this process has counted, and those readings."""
    said: Snapshot = {}
    for family in list(Family.all.values()):
        if isinstance(family, (Counter, Histogram)):
            # A copy at one stroke: other threads go on counting.
            values = list(family.values.items())
            said[family.name] = [
                [labels, list(value) if isinstance(value, list) else value] for labels, value in values
            ]
    for gauge, labels, value in gauges:
        said.setdefault(gauge.name, []).append([labels, value])
    return said


def added(snapshots: Iterable[Snapshot], *, gauges: bool = True) -> Snapshot:
    """Return the sum of several: what was counted is added up, gauges stand beside each other."""
    sums: dict[str, dict[Labels, Any]] = {}
    for said in snapshots:
        for name, values in said.items():
            family = Family.all.get(name)
            # Another version of the code may run beside this one.
            if family is None or (isinstance(family, Gauge) and not gauges):
                continue
            found = sums.setdefault(name, {})
            for given, value in values:
                labels = tuple(given)
                before = found.get(labels)
                if before is None or isinstance(family, Gauge):
                    found[labels] = value
                elif isinstance(value, list):
                    if len(before) == len(value):
                        found[labels] = [one + other for one, other in zip(before, value, strict=True)]
                else:
                    found[labels] = before + value
    return {name: [[labels, value] for labels, value in found.items()] for name, found in sums.items()}
