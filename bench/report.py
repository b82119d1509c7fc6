"""The report: tables of what was found, and the ratios that ChatScape is to reach."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine, pages, sockets
from bench.pages import Pages
from bench.sockets import FanOut, Sockets

# What frames the tables: the words of docs/benchmarks.md.
FRAME = Path(__file__).with_name("report.md")


@dataclass(frozen=True)
class Ratio:
    """One row of what is to be reached. `reached` is None when it was not measured."""

    measure: str
    reached: float | None
    target: float
    at_most: bool = False
    unit: str = ""

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return "not measured"
        return (
            "yes" if (operator.le if self.at_most else operator.ge)(self.reached, self.target) else "**no**"
        )

    @property
    def cells(self) -> tuple[str, ...]:
        reached = "–" if self.reached is None else f"{self.reached:.2f}{self.unit}"
        return (
            self.measure,
            reached,
            f"{'≤' if self.at_most else '≥'} {self.target:g}{self.unit}",
            self.verdict,
        )


def table(columns: str, rows: Iterable[Sequence[str]]) -> str:
    head = columns.split(", ")
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def written(found: Sockets, pages_found: Pages) -> str:
    """Return the whole report of what was measured."""
    parts = []
    if found.fan_outs:
        parts += ["## A message to everybody\n", fan_outs(found), "## Sockets\n", costs(found)]
    if pages_found.figures:
        parts += ["## Pages and posts\n", asked(pages_found)]
    parts += [
        "## What is to be reached\n",
        table("measure, reached, target, met", verdicts(found, pages_found)),
    ]
    return FRAME.read_text().format(
        machine=machine.described(),
        tables="\n".join(parts),
        people=f"{sockets.SIZES[-1]:,}",
        readers=pages.READERS,
        rounds=pages.ROUNDS,
        shared=f"{pages.SHARED:,}",
        load=load(found, pages_found),
        posted=f"{found.posted + pages_found.posted:,}",
    )


def fan_outs(found: Sockets) -> str:
    columns = (
        "server, sockets, deliveries/s, µs of processor each, last receiver ms, "
        "stream: messages/s, stream: frames/s, bytes, server / load"
    )
    rows = [
        (
            one.server,
            f"{one.sockets:,}",
            f"{one.rate:,.0f}",
            f"{one.cost:.1f}",
            f"{one.last:.1f}",
            f"{one.stream_rate:,.0f}" if one.stream else "–",
            f"{one.stream_frames / one.stream_effort.seconds:,.0f}" if one.stream else "–",
            f"{one.size}",
            (one.stream_effort if one.stream else one.effort).shares,
        )
        for one in everything(found)
    ]
    return table(columns, rows)


def everything(found: Sockets) -> list[FanOut]:
    keys = dict.fromkeys((one.server, one.sockets) for one in found.fan_outs)
    return [one for key in keys if (one := found.of(*key))]


def costs(found: Sockets) -> str:
    names = dict.fromkeys([*found.connects, *found.memory])
    rows = [
        (
            name,
            f"{found.connects[name]:,.0f}" if name in found.connects else "–",
            f"{found.memory[name]:.1f}" if name in found.memory else "–",
        )
        for name in names
    ]
    return table("server, connects/s, KiB a socket", rows)


def asked(found: Pages) -> str:
    columns = "what, answers/s, of the trivial page, p50 ms, p99 ms, bytes, not modified, server / load"
    rows = [
        (
            name,
            f"{one.rate:,.0f}",
            f"{one.rate / found.rate(pages.TRIVIAL):.2f}",
            f"{one.percentile(0.5):.1f}",
            f"{one.percentile(0.99):.1f}",
            f"{one.size:,.0f}",
            f"{one.unchanged / len(one.latencies):.0%}",
            one.effort.shares,
        )
        for name, one in found.figures.items()
    ]
    return table(columns, rows)


def verdicts(found: Sockets, pages_found: Pages) -> list[tuple[str, ...]]:
    """Return the ratios of the issue, computed from what was measured."""
    size = sockets.SIZES[-1]
    product, bare = found.of(sockets.PARKED, size), found.of(sockets.BARE, size)
    ordinary = found.of(sockets.ORDINARY, size)
    uncached = _worst(pages_found, pages.ROOM, pages.SHARED_ROOM)
    form, socket = pages_found.rate(pages.FORM), pages_found.rate(pages.SOCKET)
    connects = found.connects
    ratios = [
        Ratio(f"deliveries/s at {size:,} sockets / bare epoll loop", _deliveries(product, bare), 0.85),
        Ratio("the same / ordinary Channels consumer", _deliveries(product, ordinary), 25),
        Ratio("memory of an idle socket", found.memory.get(sockets.PARKED), 8, at_most=True, unit=" KiB"),
        Ratio("the same, not parked", found.memory.get(sockets.UNPARKED), 30, at_most=True, unit=" KiB"),
        Ratio(
            f"last of {size:,} receivers / bare epoll loop",
            product.last / bare.last if product and bare else None,
            1.2,
            at_most=True,
        ),
        Ratio(
            "connects/s with all checks / Daphne without any",
            _ratio(connects.get(sockets.PARKED), connects.get(sockets.ACCEPTING)),
            0.4,
        ),
        Ratio("room page, uncached / trivial page", uncached, 0.5),
        Ratio(
            "room page revalidated, with a writer / trivial page",
            _worst(pages_found, pages.WRITER_REVALIDATED),
            0.8,
        ),
        Ratio("post by form / trivial page", _worst(pages_found, pages.FORM), 0.5),
        Ratio("post by socket / post by form", _ratio(socket, form), 3),
    ]
    return [ratio.cells for ratio in ratios]


def load(found: Sockets, pages_found: Pages) -> str:
    """Say in which measurements the load was the busier of the two: there the server could do more."""
    efforts = {name: one.effort for name, one in pages_found.figures.items() if name != pages.RESPONDER}
    for one in everything(found):
        efforts[f"{one.server}, {one.sockets:,} sockets"] = one.effort
        if one.stream:
            efforts[f"{one.server}, {one.sockets:,} sockets, stream"] = one.stream_effort
    late = [name for name, effort in efforts.items() if not effort.load_kept_up]
    text = f"Not so: {'; '.join(late)}." if late else "It was so in every measurement."
    if ceiling := pages_found.rate(pages.RESPONDER):
        text += f" Against a bare responder (`bench/bare.py`) it read {ceiling:,.0f} pages a second."
    return text


def _deliveries(one: FanOut | None, other: FanOut | None) -> float | None:
    """Return the ratio of deliveries a second: the worse of one at a time and in a stream."""
    if one is None or other is None:
        return None
    ratios = [one.rate / other.rate]
    if one.stream and other.stream:
        ratios.append(one.stream_rate / other.stream_rate)
    return min(ratios)


def _worst(found: Pages, *names: str) -> float | None:
    rates = [found.rate(name) for name in names]
    return _ratio(min(rates), found.rate(pages.TRIVIAL))


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None
