"""Sockets: how fast a message reaches all, what a socket costs, how fast they open."""

import contextlib
import functools
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench import servers
from bench.attempts import attempt
from bench.crowd import Crowd
from bench.frames import split
from bench.machine import cores, memory, note, on
from bench.servers import Answer
from bench.talk import FanOut, Opened, ProductTalk, Voice
from chatscape.testing.server import Server

PARKED, UNPARKED = "ChatScape", "ChatScape, `PARKED_SOCKETS=0`"
BARE, ORDINARY = "bare epoll loop", "ordinary Channels consumer"
ACCEPTING = "Daphne, accepting anybody"

SIZES = (1_000, 2_000, 10_000)
# Beyond, its messages take too long: for each socket that receives, the in-memory layer looks at all others.
ORDINARY_MOST = 2_000
# Everybody is told something in turns, so that a slower moment of the machine strikes all alike.
TURNS = 4
# Sockets are opened in portions, and so many with Daphne alone after each.
PORTION, ACCEPTED = 1_000, 300
WARM_UP = 50
# How long a part may take.
OPEN_SECONDS, TELL_SECONDS = 100, 90

_SEQUENCE = re.compile(rb'data-sequence="\d+"')


@dataclass
class Sockets:
    """All that was found; `missing` has what was not, and why. There is a `FanOut` for every turn."""

    fan_outs: list[FanOut] = field(default_factory=list)
    connects: dict[str, Opened] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    posted: int = 0
    missing: dict[str, str] = field(default_factory=dict)

    def turns(self, server: str, sockets: int) -> list[FanOut]:
        return [found for found in self.fan_outs if (found.server, found.sockets) == (server, sockets)]

    def of(self, server: str, sockets: int) -> FanOut | None:
        """Return what was found of a server in all turns together."""
        turns = self.turns(server, sockets)
        return functools.reduce(FanOut.__add__, turns) if turns else None

    def compare(self, one: str, other: str, sockets: int, value: Callable[[FanOut], float]) -> float | None:
        """Return the median of the ratios that the turns had, or None when something was not measured."""
        pairs = zip(self.turns(one, sockets), self.turns(other, sockets), strict=False)
        ratios = [value(mine) / value(its) for mine, its in pairs if value(its)]
        return statistics.median(ratios) if ratios else None


@contextlib.contextmanager
def running(process: Server | servers.Program) -> Iterator[None]:
    """Run a server on its processor, and what is done meanwhile on the other."""
    server_core, load_core = cores()
    with on(server_core):
        process.start()
    try:
        with on(load_core):
            yield
    finally:
        process.close()


class Contest:
    """Servers that run at the same time and take turns; those that wait cost nothing."""

    def __init__(self, found: Sockets) -> None:
        self.found = found
        self.voices: dict[str, Voice] = {}
        self.before: dict[str, float] = {}
        self.stack = contextlib.ExitStack()

    def enter(self, process: Server | servers.Program, voice: Voice) -> None:
        """Let a server take part, which runs already."""
        voice.start()
        self.stack.callback(voice.end)
        self.voices[voice.name] = voice
        self.before[voice.name] = memory(process.pid)

    def open(self, name: str, size: int) -> None:
        """Open sockets until there are so many, in portions, and some at Daphne alone in between."""
        what = f"{name}, opening {size:,} sockets"
        if self.gone(name, what):
            return
        with self.part(name, what, OPEN_SECONDS) as voice:
            connects, accepting = self.found.connects, self.voices.get(ACCEPTING)
            while (opened := connects.get(name, Opened())).sockets < size:
                connects[name] = opened + voice.open(min(PORTION, size - opened.sockets))
                if name == PARKED and accepting:
                    connects[ACCEPTING] = connects.get(ACCEPTING, Opened()) + accepting.open(ACCEPTED)
            voice.join()
            self.found.memory[name] = (memory(voice.pid) - self.before[name]) / size

    def tell(self, size: int, names: list[str]) -> None:
        """Let a message reach everybody, on each server in turn."""
        for turn in range(TURNS):
            for name in names:
                what = f"{name}, {size:,} sockets"
                if self.gone(name, what):
                    continue
                with self.part(name, what, TELL_SECONDS) as voice:
                    told = voice.tell()
                    self.found.fan_outs.append(told)
                    note(f"{name}, {size:,} sockets, turn {turn + 1}: {told.rate:,.0f} deliveries/s")

    @contextlib.contextmanager
    def part(self, name: str, what: str, seconds: float) -> Iterator[Voice]:
        """Attempt something with a server that is there; it is not any more when that fails."""
        done = False
        with attempt(self.found.missing, what, seconds):
            yield self.voices[name]
            done = True
        if not done:
            self.leave(name)

    def gone(self, name: str, what: str) -> bool:
        """Say whether a server has failed before, so that this is not measured either."""
        if name not in self.voices:
            self.found.missing.setdefault(what, "something before it failed")
        return name not in self.voices

    def leave(self, name: str) -> None:
        """Let a server rest for good."""
        self.voices.pop(name).end()


def warmed_up(server: Server, seeded: Answer) -> tuple[list[str], bytes]:
    """Use what will be measured, and return what was acknowledged, and the bytes of such a message."""
    with contextlib.closing(Crowd(server.port, f"/ws/?room={seeded['room']}")) as crowd:
        talk = ProductTalk(crowd, seeded["room"])
        crowd.connect(seeded["cookies"][:WARM_UP])
        talk.join(crowd.members)
        for _message in range(WARM_UP):
            talk.post()
        wanted = WARM_UP * WARM_UP
        crowd.run(lambda: crowd.delivered >= wanted and len(talk.acknowledged) == WARM_UP)
        return talk.acknowledged, split(crowd.sample)[0][-1][1]


def measure() -> Sockets:
    """Measure ChatScape beside the bare loop and the ordinary consumer, then with sockets left to Daphne."""
    found = Sockets()
    with attempt(found.missing, "sockets", 280):
        contest(found)
    with attempt(found.missing, UNPARKED, 60):
        unparked(found)
    return found


def contest(found: Sockets) -> None:
    server = servers.product()
    seeded = servers.seed(server, f"event({SIZES[-1]})")
    others: dict[str, servers.Program] = {
        BARE: servers.bare_sockets(),
        ORDINARY: servers.ordinary(),
        ACCEPTING: servers.ordinary(),
    }
    contest = Contest(found)
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(server))
        for process in others.values():
            stack.enter_context(running(process))
        stack.enter_context(contest.stack)
        said, article = warmed_up(server, seeded)
        room, cookies = seeded["room"], seeded["cookies"]
        contest.enter(server, product_voice(PARKED, server, room, cookies))
        frame = _SEQUENCE.sub(rb'data-sequence="%d"', article.replace(b"%", b"%%"))
        for name, process in others.items():
            path = "/accept/" if name == ACCEPTING else "/ws/"
            contest.enter(process, Voice(name, process.port, process.pid, path, frame=frame))
        contest.voices[ACCEPTING].open(WARM_UP)
        for size in SIZES:
            names = [PARKED, BARE, *([ORDINARY] if size <= ORDINARY_MOST else [])]
            for name in names:
                contest.open(name, size)
            contest.tell(size, names)
            if size == ORDINARY_MOST and ORDINARY in contest.voices:
                contest.leave(ORDINARY)
        if PARKED in contest.voices:
            said += contest.voices[PARKED].acknowledged()
            found.posted += look_up(server, room, said)


def product_voice(name: str, server: Server, room: str, cookies: list[str]) -> Voice:
    return Voice(name, server.port, server.pid, f"/ws/?room={room}", cookies, room)


def unparked(found: Sockets) -> None:
    """Measure ChatScape with its sockets left to Daphne, at the first size only."""
    server = servers.product(PARKED_SOCKETS="0")
    seeded = servers.seed(server, f"event({SIZES[0]})")
    contest = Contest(found)
    with running(server), contest.stack:
        said, _article = warmed_up(server, seeded)
        contest.enter(server, product_voice(UNPARKED, server, seeded["room"], seeded["cookies"]))
        contest.open(UNPARKED, SIZES[0])
        contest.tell(SIZES[0], [UNPARKED])
        if UNPARKED in contest.voices:
            found.posted += look_up(server, seeded["room"], said + contest.voices[UNPARKED].acknowledged())


def look_up(server: Server, room: str, texts: list[str]) -> int:
    """Look up every acknowledged post: each is there once. Returns how many there were."""
    said = sorted([room, text] for text in texts)
    assert sorted(servers.seed(server, "posted()")) == said, "acknowledged posts are missing or doubled"
    return len(said)
