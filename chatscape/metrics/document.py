"""The table of docs/monitoring.md: `python -m chatscape.metrics.document` writes it anew."""

import re
from pathlib import Path

from chatscape.metrics import catalogue  # noqa: F401 - it names all metrics
from chatscape.metrics.kinds import Counter, Family, Gauge, Histogram

PAGE = Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"
_BETWEEN = re.compile(r"(?<=<!-- metrics -->\n).*(?=<!-- /metrics -->)", re.DOTALL)


def table() -> str:
    """Return a row for each metric."""
    rows = [
        f"| `{family.name}` | {_kind(family)} | {', '.join(family.labels)} | {family.meaning} |"
        for family in Family.all.values()
    ]
    return "\n".join(["| metric | kind | labels | |", "|---|---|---|---|", *rows]) + "\n"


def written(page: str) -> str:
    """Return the page with the table as it is now."""
    return _BETWEEN.sub(lambda _found: table(), page)


def _kind(family: Family) -> str:
    if isinstance(family, Histogram):
        return "histogram"
    counts = isinstance(family, Counter) or (isinstance(family, Gauge) and family.counts)
    return "counter" if counts else "gauge"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
