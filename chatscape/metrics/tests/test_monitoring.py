"""What people are told to watch is there: the page, the dashboard and the alerts (OP10)."""

import json
import re
from pathlib import Path

import pytest
import yaml

from chatscape.metrics import catalogue  # noqa: F401 - it names all metrics
from chatscape.metrics.document import PAGE, written
from chatscape.metrics.kinds import Family, Histogram

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
RULES = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
# What Prometheus itself says of a target.
ITS_OWN = {"up"}
WORDS = {
    "and", "by", "clamp_min", "count", "histogram_quantile", "increase", "max", "min", "on", "or",
    "rate", "sum", "time", "topk", "unless", "without",
}  # fmt: skip


def names_in(expression: str) -> set[str]:
    """Return the metrics that an expression of PromQL names."""
    bare = re.sub(r"\"[^\"]*\"|\[[^\]]*\]|\$\w+", "", expression)
    # Labels are no metrics.
    bare = re.sub(r"\b(by|without|on)\s*\([^)]*\)|\{[^}]*\}", "", bare)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - WORDS - ITS_OWN


def exists(name: str) -> bool:
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return name in Family.all or isinstance(Family.all.get(base), Histogram)


def labels_in(expression: str) -> set[str]:
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression)
    grouped = re.findall(r"\b(?:by|without|on)\s*\(([^)]*)\)", expression)
    return {*matched, *(label.strip() for labels in grouped for label in labels.split(","))}


def is_balanced(expression: str) -> bool:
    open_ones: list[str] = []
    for letter in re.sub(r'"[^"]*"', '""', expression):
        if letter in "([{":
            open_ones.append(letter)
        elif letter in ")]}" and (not open_ones or open_ones.pop() + letter not in ("()", "[]", "{}")):
            return False
    return not open_ones and expression.count('"') % 2 == 0


@pytest.mark.parametrize("expression", [*ASKED, *(rule["expr"] for rule in RULES)])
def test_what_is_asked_for_is_there(expression):
    assert is_balanced(expression)
    assert names_in(expression) or "up{" in expression
    for name in names_in(expression):
        assert exists(name), name
    known = {label for family in Family.all.values() for label in family.labels}
    assert labels_in(expression) <= known | {"instance", "job", "le"}


def test_every_metric_is_on_the_dashboard():
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for asked in ASKED for name in names_in(asked)}

    assert set(Family.all) <= shown | {name for asked in ASKED for name in names_in(asked)}


def test_every_alert_says_what_to_do():
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 5
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["action"]


def test_the_watch_would_notice():
    assert not exists("chatscape_nothing_total")
    assert names_in('sum by (worker) (rate(chatscape_x_total{code="4008"}[5m])) > 1') == {"chatscape_x_total"}
    assert not is_balanced("sum(rate(x[5m])")


def test_the_page_names_every_metric():
    page = PAGE.read_text()

    assert written(page) == page, "write it anew: python -m chatscape.metrics.document"
    assert all(f"`{name}`" in page for name in Family.all)
