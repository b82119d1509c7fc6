"""What the three sizes of `deploy/terraform/sizes` cost on AWS: prints the tables of docs/costs.md.

`python -m deploy.costs`. Arithmetic over the sizes and a list of prices; it asks nobody. Prices are list
prices of AWS in US East (N. Virginia), on demand, in US dollars; they change, and other regions cost more.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

SIZES = Path(__file__).parent / "terraform" / "sizes"
HOURS = 730  # of a month

# Dollars an hour.
VCPU, GIB = 0.04048, 0.004445  # Fargate, Linux on x86
BALANCER, CAPACITY_UNIT, ADDRESS = 0.0225, 0.008, 0.005
# One instance; a second one for when it fails costs the same again. The larger ones and Redis are estimates.
DATABASE = {"db.t4g.small": 0.032, "db.m7g.large": 0.168, "db.r7g.2xlarge": 0.956}
CACHE = {"cache.t4g.micro": 0.016, "cache.t4g.small": 0.032, "cache.r7g.large": 0.219}
# Dollars a month.
STORAGE_GIB, SECRET, KEY, ALARM = 0.115, 0.40, 1.00, 0.10
# Dollars a GB and a request.
TRANSFER, LOGS, REQUEST = 0.085, 0.50, 0.0100 / 10_000
# A capacity unit of the balancer has room for so many connections.
CONNECTIONS_OF_UNIT = 3_000
SECRETS, KEYS, ALARMS = 5, 2, 18


class People(NamedTuple):
    """How many people a size is for, and what they do. Assumptions, not measurements."""

    size: str
    about: str
    connected: int
    # Of a month: pages opened, frames to each of those connected, GB of logs.
    pages: int
    frames: int
    logs: float


# A page is 50 KB, compressed about a fifth; its files come once and are kept. A frame: docs/benchmarks.md.
PAGE_BYTES, FRAME_BYTES = 12_000, 760
PEOPLE = (
    People("small", "100 people, all month", 100, 100 * 30 * 22, 30_000, 1),
    People("medium", "10,000 people, all month", 10_000, 10_000 * 30 * 22, 30_000, 150),
    People("large", "one event of 2 hours for 250,000", 250_000, 250_000 * 3, 2 * 3600, 10),
)


class Item(NamedTuple):
    name: str
    dollars: float


def monthly(size: dict[str, Any], people: People) -> Iterator[Item]:
    """Yield what an environment costs in a month, with as few tasks as it ever has."""
    yield Item("tasks (Fargate)", _task(size) * size["tasks_min"] * HOURS)
    units = 1 + people.connected / CONNECTIONS_OF_UNIT if people.size != "large" else 1
    yield Item("load balancer", (BALANCER + CAPACITY_UNIT * units) * HOURS)
    yield Item("public addresses", ADDRESS * (size["tasks_min"] + size.get("zones", 2)) * HOURS)
    instances = 2 if size["database_multi_az"] else 1
    yield Item("database (RDS)", instances * DATABASE[size["database_class"]] * HOURS)
    yield Item("its storage", instances * size["database_storage"]["first"] * STORAGE_GIB)
    yield Item("Redis (ElastiCache)", size["cache_nodes"] * CACHE[size["cache_node"]] * HOURS)
    yield Item("secrets, keys, alarms", SECRETS * SECRET + KEYS * KEY + ALARMS * ALARM)
    if people.size != "large":
        yield from _traffic(people)


def event(size: dict[str, Any], people: People, hours: int) -> Iterator[Item]:
    """Yield what an event costs on top, with as many tasks as there may be."""
    yield Item("more tasks", _task(size) * (size["tasks_max"] - size["tasks_min"]) * hours)
    yield Item("load balancer", CAPACITY_UNIT * people.connected / CONNECTIONS_OF_UNIT * hours)
    yield from _traffic(people)


def _task(size: dict[str, Any]) -> float:
    return float(size["task_cpu"] / 1024 * VCPU + size["task_memory"] / 1024 * GIB)


def _traffic(people: People) -> Iterator[Item]:
    # What arrives at people goes through CloudFront; its requests are pages, and the sockets' handshakes.
    sent = people.pages * PAGE_BYTES + people.frames * people.connected * FRAME_BYTES
    yield Item("data to people (CloudFront)", sent / 1e9 * TRANSFER + people.pages * REQUEST)
    yield Item("logs", people.logs * LOGS)


def read(name: str) -> dict[str, Any]:
    """Return the variables of a size."""
    with (SIZES / f"{name}.tfvars").open() as file:
        values: dict[str, Any] = hcl2.load(file)
    return {key: value.strip('"') if isinstance(value, str) else value for key, value in values.items()}


def tables() -> str:
    """Return the tables of docs/costs.md."""
    always = {people.about: list(monthly(read(people.size), people)) for people in PEOPLE}
    names = list(dict.fromkeys(item.name for items in always.values() for item in items))
    lines = [
        "| a month, in dollars | 100 people | 10,000 people | ready for 250,000 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in names:
        found = [[item.dollars for item in items if item.name == name] for items in always.values()]
        cells = [f"{dollars[0]:,.0f}" if dollars else "–" for dollars in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    sums = [f"**{sum(item.dollars for item in items):,.0f}**" for items in always.values()]
    lines += [f"| **together** | {' | '.join(sums)} |", ""]
    large = PEOPLE[-1]
    extra = list(event(read(large.size), large, hours=3))
    lines += [f"| {large.about}, on top | dollars |", "| --- | ---: |"]
    lines += [f"| {item.name} | {item.dollars:,.0f} |" for item in extra]
    lines.append(f"| **together** | **{sum(item.dollars for item in extra):,.0f}** |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(tables())
