"""Numbers in the text that Prometheus reads."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from chatscape.metrics import catalogue  # noqa: F401 - it names all metrics
from chatscape.metrics.kinds import Counter, Family, Gauge, Histogram
from chatscape.metrics.snapshots import Snapshot

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class _Said(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for name, family in Family.all.items():
            values = self.snapshot.get(name, [])
            if isinstance(family, Histogram):
                yield _histogram(family, values)
            elif values or isinstance(family, Counter):
                yield _plain(family, values)


def text(snapshot: Snapshot) -> bytes:
    """Return the exposition of what all processes say together."""
    return generate_latest(_Said(snapshot))


def _plain(family: Family, values: list[tuple[list[str], float]]) -> Metric:
    grows = isinstance(family, Counter) or (isinstance(family, Gauge) and family.counts)
    make = CounterMetricFamily if grows else GaugeMetricFamily
    metric = make(family.name, family.meaning, labels=family.labels)
    for labels, value in values:
        metric.add_metric(list(labels), value)
    return metric


def _histogram(family: Histogram, values: list[tuple[list[str], list[float]]]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    for labels, (*counts, total) in values:
        buckets, so_far = [], 0.0
        for bound, count in zip((*family.bounds, float("inf")), counts, strict=True):
            so_far += count
            buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), so_far))
        metric.add_metric(list(labels), buckets, total)
    return metric
