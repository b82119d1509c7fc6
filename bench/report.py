"""The report: tables of what was found, and the ratios that ChatScape is to reach."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from bench import machine, pages, sockets
from bench.pages import Pages
from bench.sockets import FanOut, Sockets

# What frames the tables: the words of docs/benchmarks.md.
FRAME = Path(__file__).with_name("report.md")


class Measured(Protocol):
    """Something that was done again and again."""

    @property
    def rate(self) -> float:
        """How often in a second."""

    @property
    def cost(self) -> float:
        """Processor time of the server for one, in microseconds."""


@dataclass(frozen=True)
class Ratio:
    """One row of what is to be reached. `reached` is None when it was not measured.

    `by_processor` is the same ratio, had the server had its processor for itself.
    """

    measure: str
    reached: float | None
    target: float
    at_most: bool = False
    unit: str = ""
    by_processor: float | None = None

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
        by_processor = "–" if self.by_processor is None else f"{self.by_processor:.2f}"
        target = f"{'≤' if self.at_most else '≥'} {self.target:g}{self.unit}"
        return (self.measure, reached, target, self.verdict, by_processor)


def compared(measure: str, one: Measured | None, other: Measured | None, target: float) -> Ratio:
    """Return how much faster one thing is done than another."""
    if one is None or other is None:
        return Ratio(measure, None, target)
    by_processor = other.cost / one.cost if one.cost else None
    return Ratio(measure, one.rate / other.rate, target, by_processor=by_processor)


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
        table("measure, reached, target, met, by processor time", verdicts(found, pages_found)),
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
            f"{found.connects[name].rate:,.0f}" if name in found.connects else "–",
            f"{found.connects[name].cost:,.0f}" if name in found.connects else "–",
            f"{found.connects[name].tried_again:,}" if name in found.connects else "–",
            f"{found.memory[name]:.1f}" if name in found.memory else "–",
        )
        for name in names
    ]
    return table("server, connects/s, µs of processor each, tried again, KiB a socket", rows)


def asked(found: Pages) -> str:
    columns = (
        "what, answers/s, of the trivial page, µs of processor each, p50 ms, p99 ms, bytes, "
        "not modified, server / load"
    )
    rows = [
        (
            name,
            f"{one.rate:,.0f}",
            f"{one.rate / found.figures[pages.TRIVIAL].rate:.2f}",
            f"{one.cost:,.0f}",
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
    """Return the ratios that are to be reached, computed from what was measured."""
    size, figures = sockets.SIZES[-1], pages_found.figures.get
    product, bare = found.of(sockets.PARKED, size), found.of(sockets.BARE, size)
    ordinary = found.of(sockets.ORDINARY, size)
    trivial, form = figures(pages.TRIVIAL), figures(pages.FORM)
    rooms = [one for name in (pages.ROOM, pages.SHARED_ROOM) if (one := figures(name))]
    ratios = [
        deliveries(f"deliveries/s at {size:,} sockets / bare epoll loop", product, bare, 0.85),
        deliveries("the same / ordinary Channels consumer", product, ordinary, 25),
        Ratio("memory of an idle socket", found.memory.get(sockets.PARKED), 8, at_most=True, unit=" KiB"),
        Ratio("the same, not parked", found.memory.get(sockets.UNPARKED), 30, at_most=True, unit=" KiB"),
        Ratio(
            f"last of {size:,} receivers / bare epoll loop",
            product.last / bare.last if product and bare else None,
            1.2,
            at_most=True,
        ),
        compared(
            "connects/s with all checks / Daphne without any",
            found.connects.get(sockets.PARKED),
            found.connects.get(sockets.ACCEPTING),
            0.4,
        ),
        compared(
            "room page, uncached / trivial page",
            min(rooms, key=lambda room: room.rate, default=None),
            trivial,
            0.5,
        ),
        compared(
            "room page revalidated, with a writer / trivial page",
            figures(pages.WRITER_REVALIDATED),
            trivial,
            0.8,
        ),
        compared("post by form / trivial page", form, trivial, 0.5),
        compared("post by socket / post by form", figures(pages.SOCKET), form, 3),
    ]
    return [ratio.cells for ratio in ratios]


def deliveries(measure: str, one: FanOut | None, other: FanOut | None, target: float) -> Ratio:
    """Compare deliveries a second: the worse of one at a time and in a stream counts."""
    alone = compared(measure, one, other, target)
    if one is None or other is None or not (one.stream and other.stream):
        return alone
    stream = one.stream_rate / other.stream_rate
    return replace(alone, reached=min(alone.reached or stream, stream))


def load(found: Sockets, pages_found: Pages) -> str:
    """Say in which measurements the load was the busier of the two: there the server could do more."""
    efforts = {name: one.effort for name, one in pages_found.figures.items() if name != pages.RESPONDER}
    for one in everything(found):
        efforts[f"{one.server}, {one.sockets:,} sockets"] = one.effort
        if one.stream:
            efforts[f"{one.server}, {one.sockets:,} sockets, stream"] = one.stream_effort
    late = [name for name, effort in efforts.items() if not effort.load_kept_up]
    text = f"Not so: {'; '.join(late)}." if late else "It was so in every measurement."
    if responder := pages_found.figures.get(pages.RESPONDER):
        text += f" A bare responder (`bench/bare.py`) it asked for {responder.rate:,.0f} pages a second."
    return text
