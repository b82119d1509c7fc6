"""Sockets: how fast a message reaches all, what a socket costs, how fast they open."""

import contextlib
import functools
import json
import re
import statistics
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import servers
from bench.crowd import Crowd, Member, Reply
from bench.frames import split
from bench.machine import Effort, cores, memory, meter, note, on
from bench.servers import Answer
from chatscape.testing.parts import Process
from chatscape.testing.server import Server

PARKED, UNPARKED = "ChatScape", "ChatScape, `PARKED_SOCKETS=0`"
BARE, ORDINARY = "bare epoll loop", "ordinary Channels consumer"
ACCEPTING = "Daphne, accepting anybody"

SIZES = (1_000, 10_000)
ACCEPTED = 3_000
WARM_UP = 50
# One message at a time: for so long, but so many at least and at most.
SECONDS, LEAST, MOST = 1.5, 2, 10
# Messages at once, without waiting: as many as reach everybody in about so many seconds, if those are some.
STREAM_SECONDS, STREAM_LEAST, STREAM_MOST = 2.0, 5, 100
SETTLED = 1.0
WORDS = "words, as many as people write when they have a little to say"


_SEQUENCE = re.compile(rb'data-sequence="\d+"')


@dataclass
class FanOut:
    """What it took to tell everybody: messages one at a time, and many at once."""

    server: str
    sockets: int
    latencies: list[float] = field(default_factory=list)
    effort: Effort = field(default_factory=Effort)
    stream: int = 0
    stream_frames: int = 0
    stream_effort: Effort = field(default_factory=Effort)
    size: int = 0

    def __add__(self, other: "FanOut") -> "FanOut":
        return FanOut(
            self.server,
            self.sockets,
            self.latencies + other.latencies,
            self.effort + other.effort,
            self.stream + other.stream,
            self.stream_frames + other.stream_frames,
            self.stream_effort + other.stream_effort,
            self.size,
        )

    @property
    def rate(self) -> float:
        """Deliveries a second, each a frame of its own, from sending to the last receiver."""
        return self.sockets * len(self.latencies) / sum(self.latencies)

    @property
    def cost(self) -> float:
        """Processor time of the server for a delivery, in microseconds."""
        return self.effort.server / (self.sockets * len(self.latencies)) * 1e6

    @property
    def last(self) -> float:
        """Milliseconds to the last receiver: the median of all messages."""
        return statistics.median(self.latencies) * 1000

    @property
    def stream_rate(self) -> float:
        """Messages delivered in a second, while more come than can be told one by one."""
        return self.sockets * self.stream / self.stream_effort.seconds if self.stream else 0.0


@dataclass
class Opened:
    """What it took to open sockets."""

    sockets: int = 0
    effort: Effort = field(default_factory=Effort)
    tried_again: int = 0

    @property
    def rate(self) -> float:
        """Handshakes a second."""
        return self.sockets / self.effort.seconds

    @property
    def cost(self) -> float:
        """Processor time of the server for a handshake, in microseconds."""
        return self.effort.server / self.sockets * 1e6


@dataclass
class Sockets:
    """All that was found."""

    fan_outs: list[FanOut] = field(default_factory=list)
    connects: dict[str, Opened] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    posted: int = 0

    def of(self, server: str, sockets: int) -> FanOut | None:
        """Return what was found of a server: where it was measured twice, both as one."""
        wanted = [found for found in self.fan_outs if (found.server, found.sockets) == (server, sockets)]
        return functools.reduce(FanOut.__add__, wanted) if wanted else None


class Talk:
    """How one says something on a server that echoes."""

    def __init__(self, crowd: Crowd, frame: bytes) -> None:
        # As many digits as the product's first messages have.
        self.crowd, self.frame, self.sequence = crowd, frame, 10

    def post(self) -> None:
        """Send a message like the product's to all, by way of the first socket."""
        self.sequence += 1
        self.crowd.send(self.crowd.members[0], self.frame % self.sequence)

    def join(self, members: list[Member]) -> None:
        """Let new members hear what is said from now on."""
        for member in members:
            member.latest = self.sequence


class ProductTalk(Talk):
    """How one says something in a room of ChatScape."""

    def __init__(self, crowd: Crowd, room: str) -> None:
        super().__init__(crowd, b"")
        self.room = room
        self.texts: list[str] = []
        self.acknowledged: list[str] = []

    def post(self) -> None:
        client_id = str(uuid.uuid4())
        body = f"Measured {client_id}: {WORDS}"
        self.texts.append(body)
        frame = {"action": "message.post", "ref": len(self.texts) - 1, "room": self.room}
        self.crowd.on_reply = self._posted
        self.crowd.send(
            self.crowd.members[0], json.dumps({**frame, "client_id": client_id, "body": body}).encode()
        )

    def join(self, members: list[Member]) -> None:
        self.crowd.join(self.room, members)

    def _posted(self, member: Member, reply: Reply) -> None:
        assert reply["status"] == "ok", reply
        self.acknowledged.append(self.texts[reply["ref"]])


def fan_out(name: str, process: Process, talk: Talk) -> FanOut:
    """Let one say something to all, again and again."""
    crowd = talk.crowd
    found = FanOut(name, len(crowd.members))

    def tell(messages: int) -> Effort:
        wanted = crowd.delivered + messages * len(crowd.members)
        spent = meter(process.pid)
        for _message in range(messages):
            talk.post()
        crowd.run(lambda: crowd.delivered >= wanted)
        return spent()

    # The first warms up, and says how long the others will take.
    pause = min(0.4, 0.1 + 1.5 * tell(1).seconds)
    while len(found.latencies) < LEAST or (len(found.latencies) < MOST and sum(found.latencies) < SECONDS):
        # A busy room may gather messages for a moment; this is about one message alone.
        crowd.rest(pause)
        effort = tell(1)
        found.latencies.append(effort.seconds)
        found.effort += effort
    found.size = len(split(crowd.sample)[0][-1][1])
    messages = int(STREAM_SECONDS * found.rate / found.sockets)
    if messages >= STREAM_LEAST:
        crowd.rest(pause)
        found.stream, frames = min(STREAM_MOST, messages), crowd.frames
        found.stream_effort = tell(found.stream)
        found.stream_frames = crowd.frames - frames
    return found


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


def grow(found: Sockets, name: str, process: Process, talk: Talk, cookies: Sequence[str]) -> None:
    """Measure a server at each of the sizes for which there are cookies, opening sockets as needed."""
    crowd, before, effort = talk.crowd, memory(process.pid), Effort()
    for size in (size for size in SIZES if size <= len(cookies)):
        new = cookies[len(crowd.members) : size]
        effort += opening(process, crowd, new).effort
        talk.join(crowd.members[-len(new) :])
        crowd.rest(SETTLED)
        found.memory[name] = (memory(process.pid) - before) / size
        found.fan_outs.append(fan_out(name, process, talk))
        note(f"{name}, {size:,} sockets: {found.fan_outs[-1].rate:,.0f} deliveries/s")
    found.connects[name] = Opened(len(crowd.members), effort, crowd.put_off)


def opening(process: Process, crowd: Crowd, cookies: Sequence[str]) -> Opened:
    """Open a socket for every cookie."""
    spent = meter(process.pid)
    crowd.connect(cookies)
    return Opened(len(cookies), spent(), crowd.put_off)


def warmed_up(server: Server, seeded: Answer) -> tuple[ProductTalk, bytes]:
    """Use what will be measured, and return what was said, and the bytes of such a message."""
    crowd = Crowd(server.port, f"/ws/?room={seeded['room']}")
    talk = ProductTalk(crowd, seeded["room"])
    crowd.connect(seeded["cookies"][:WARM_UP])
    talk.join(crowd.members)
    for _message in range(WARM_UP):
        talk.post()
    crowd.run(lambda: crowd.delivered >= WARM_UP * WARM_UP)
    crowd.close()
    return talk, split(crowd.sample)[0][-1][1]


def measure() -> Sockets:
    """Measure ChatScape between two runs of the bare loop, then what else there is to compare with."""
    found = Sockets()
    with contextlib.ExitStack() as stack:
        server = servers.product()
        seeded = servers.seed(server, f"event({SIZES[-1]})")
        stack.enter_context(running(server))
        warm, article = warmed_up(server, seeded)
        frame = _SEQUENCE.sub(rb'data-sequence="%d"', article.replace(b"%", b"%%"))
        echo(found, BARE, servers.bare_sockets(), frame)
        crowd = stack.enter_context(contextlib.closing(Crowd(server.port, f"/ws/?room={seeded['room']}")))
        talk = ProductTalk(crowd, seeded["room"])
        grow(found, PARKED, server, talk, seeded["cookies"])
        found.posted += look_up(server, warm, talk)
    echo(found, BARE, servers.bare_sockets(), frame)
    unparked(found)
    echo(found, ORDINARY, servers.ordinary(), frame)
    accepting(found)
    return found


def echo(found: Sockets, name: str, process: servers.Program, frame: bytes) -> None:
    """Measure a server that sends to all what one of them sends."""
    with running(process), contextlib.closing(Crowd(process.port, protocol="")) as crowd:
        grow(found, name, process, Talk(crowd, frame), [""] * SIZES[-1])


def unparked(found: Sockets) -> None:
    """Measure ChatScape with its sockets left to Daphne, at the first size only."""
    server = servers.product(PARKED_SOCKETS="0")
    seeded = servers.seed(server, f"event({SIZES[0]})")
    with running(server):
        warm, _article = warmed_up(server, seeded)
        with contextlib.closing(Crowd(server.port, f"/ws/?room={seeded['room']}")) as crowd:
            talk = ProductTalk(crowd, seeded["room"])
            grow(found, UNPARKED, server, talk, seeded["cookies"])
            found.posted += look_up(server, warm, talk)


def accepting(found: Sockets) -> None:
    """Measure how fast Daphne accepts anybody."""
    process = servers.ordinary()
    with running(process), contextlib.closing(Crowd(process.port, "/accept/", "")) as crowd:
        crowd.connect([""] * WARM_UP)
        found.connects[ACCEPTING] = opening(process, crowd, [""] * ACCEPTED)
        note(f"{ACCEPTING}: {found.connects[ACCEPTING].rate:,.0f} connects/s")


def look_up(server: Server, *talks: ProductTalk) -> int:
    """Look up every acknowledged post: each is there once. Returns how many there were."""
    said = sorted([talk.room, text] for talk in talks for text in talk.acknowledged)
    assert sorted(servers.seed(server, "posted()")) == said, "acknowledged posts are missing or doubled"
    return len(said)
