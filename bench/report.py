"""The report: tables of what was found, and the ratios that ChatScape is to reach."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine, pages, sockets
from bench.crowd import IN_FLIGHT
from bench.pages import Pages
from bench.sockets import Sockets
from bench.talk import FanOut

# What frames the tables: the words of docs/benchmarks.md.
FRAME = Path(__file__).with_name("report.md")


@dataclass(frozen=True)
class Ratio:
    """One row of what is to be reached. `reached` is None when it was not measured, with `why`.

    `by_processor` is the same ratio, had the server had its processor for itself.
    """

    measure: str
    reached: float | None
    target: float
    at_most: bool = False
    unit: str = ""
    by_processor: float | None = None
    why: str = ""

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return f"not measured: {self.why}" if self.why else "not measured"
        return (
            "yes" if (operator.le if self.at_most else operator.ge)(self.reached, self.target) else "**no**"
        )

    @property
    def cells(self) -> tuple[str, ...]:
        reached = "–" if self.reached is None else f"{self.reached:.2f}{self.unit}"
        by_processor = "–" if self.by_processor is None else f"{self.by_processor:.2f}"
        target = f"{'≤' if self.at_most else '≥'} {self.target:g}{self.unit}"
        return (self.measure, reached, target, self.verdict, by_processor)


def table(columns: str, rows: Iterable[Sequence[str]]) -> str:
    head = columns.split(", ")
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def written(found: Sockets, pages_found: Pages) -> str:
    """Return the whole report of what was measured."""
    parts = []
    if found.fan_outs:
        parts += ["## A message to everybody\n", fan_outs(found), "## Sockets\n", costs(found)]
    if pages_found.turns:
        parts += ["## Pages and posts\n", asked(pages_found)]
    if missing := {**found.missing, **pages_found.missing}:
        parts += ["## What could not be measured\n", table("what, why", missing.items())]
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
        in_flight=IN_FLIGHT,
        turns=sockets.TURNS,
        portion=f"{sockets.PORTION:,}",
        ordinary=f"{sockets.ORDINARY_MOST:,}",
        shared=f"{pages.SHARED:,}",
        load=load(found, pages_found),
        posted=f"{found.posted + pages_found.posted:,}",
    )


def fan_outs(found: Sockets) -> str:
    columns = (
        "server, sockets, deliveries/s, µs of processor each, first receiver ms, last receiver ms, "
        "stream: messages/s, stream: frames/s, bytes, server / load"
    )
    rows = [
        (
            one.server,
            f"{one.sockets:,}",
            f"{one.rate:,.0f}",
            f"{one.cost:.1f}",
            f"{one.first:.1f}",
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
            f"{found.least(name):.2f}",
            f"{one.cost:,.0f}",
            f"{one.percentile(0.5):.1f}",
            f"{one.percentile(0.99):.1f}",
            f"{one.size:,.0f}",
            f"{one.unchanged / len(one.latencies):.0%}",
            one.effort.shares,
        )
        for name in found.turns
        if (one := found.of(name))
    ]
    return table(columns, rows)


def verdicts(found: Sockets, pages_found: Pages) -> list[tuple[str, ...]]:
    """Return the ratios that are to be reached, computed from what was measured."""
    size = sockets.SIZES[-1]
    # As large as the ordinary consumer was measured, and the smallest size.
    sizes = [size for size in sockets.SIZES if found.turns(sockets.ORDINARY, size)] or [sockets.ORDINARY_MOST]
    rooms = [
        page(pages_found, f"{name}, uncached / trivial page", name, 0.5)
        for name in (pages.ROOM, pages.SHARED_ROOM)
    ]
    ratios = [
        deliveries(found, f"deliveries/s at {size:,} sockets / bare epoll loop", sockets.BARE, size, 0.85),
        *(
            deliveries(
                found, f"deliveries/s at {size:,} sockets / ordinary consumer", sockets.ORDINARY, size, 25
            )
            for size in sorted({sizes[0], sizes[-1]}, reverse=True)
        ),
        Ratio("memory of an idle socket", found.memory.get(sockets.PARKED), 8, at_most=True, unit=" KiB"),
        Ratio("the same, not parked", found.memory.get(sockets.UNPARKED), 30, at_most=True, unit=" KiB"),
        Ratio(
            f"last of {size:,} receivers / bare epoll loop",
            found.compare(sockets.PARKED, sockets.BARE, size, lambda one: one.last),
            1.2,
            at_most=True,
        ),
        connects(found),
        min(rooms, key=lambda ratio: ratio.reached or 0.0),
        page(
            pages_found,
            "room page revalidated, with a writer / trivial page",
            pages.WRITER_REVALIDATED,
            0.8,
        ),
        page(pages_found, "post by form / trivial page", pages.FORM, 0.5),
        page(pages_found, f"post by socket / post by form, {pages.READERS} posters", pages.SOCKET, 3),
        page(pages_found, f"post by socket / post by form, {pages.POSTERS} posters", pages.SOCKETS, 3),
    ]
    return [ratio.cells for ratio in ratios]


def why(missing: Mapping[str, str], *parts: str) -> str:
    """Return what is said of the first of these parts that failed; a part is known by how its name begins."""
    return next((text for name, text in missing.items() if name.startswith(parts)), "")


def deliveries(found: Sockets, measure: str, other: str, size: int, target: float) -> Ratio:
    """Compare deliveries a second: the worse of one at a time and in a stream counts."""

    def compare(value: Callable[[FanOut], float]) -> float | None:
        return found.compare(sockets.PARKED, other, size, value)

    speeds = [
        ratio
        for ratio in (compare(lambda one: one.rate), compare(lambda one: one.stream_rate))
        # Nobody streams to a server that is too slow for it.
        if ratio
    ]
    cost = compare(lambda one: one.cost)
    parts = ("sockets", f"{sockets.PARKED}, opening", f"{sockets.PARKED}, {size:,}", other)
    return Ratio(
        measure,
        min(speeds, default=None),
        target,
        by_processor=1 / cost if cost else None,
        why=why(found.missing, *parts),
    )


def connects(found: Sockets) -> Ratio:
    measure = "connects/s with all checks / Daphne without any"
    one, other = found.connects.get(sockets.PARKED), found.connects.get(sockets.ACCEPTING)
    if one is None or other is None:
        return Ratio(measure, None, 0.4, why=why(found.missing, "sockets", f"{sockets.PARKED}, opening"))
    return Ratio(measure, one.rate / other.rate, 0.4, by_processor=other.cost / one.cost)


def page(found: Pages, measure: str, name: str, target: float) -> Ratio:
    """Compare a page or a way to post with its yardstick."""
    cost = found.compare(name, lambda one: one.cost)
    speed = found.compare(name, lambda one: one.rate)
    reason = why(found.missing, "pages", name)
    return Ratio(measure, speed, target, by_processor=1 / cost if cost else None, why=reason)


def load(found: Sockets, pages_found: Pages) -> str:
    """Say in which measurements the load was the busier of the two: there the server could do more."""
    asked = {name: figures for name in pages_found.turns if (figures := pages_found.of(name))}
    responder = asked.pop(pages.RESPONDER, None)
    efforts = {name: figures.effort for name, figures in asked.items()}
    for one in everything(found):
        efforts[f"{one.server}, {one.sockets:,} sockets"] = one.effort
        if one.stream:
            efforts[f"{one.server}, {one.sockets:,} sockets, stream"] = one.stream_effort
    late = [name for name, effort in efforts.items() if not effort.load_kept_up]
    text = f"Not so: {'; '.join(late)}." if late else "It was so in every measurement."
    if responder:
        text += f" A bare responder (`bench/bare.py`) it asked for {responder.rate:,.0f} pages a second."
    return text
