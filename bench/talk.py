"""What people say on many sockets, and how long it takes until all have heard it."""

import contextlib
import json
import multiprocessing
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Self

from bench.crowd import Crowd, Member, Reply
from bench.frames import split
from bench.machine import Effort, meter, open_all_files

# One message at a time: for so long, but so many at least and at most.
SECONDS, LEAST, MOST = 0.8, 2, 8
# Messages at once, without waiting: as many as reach everybody in about so many seconds, if those are some.
STREAM_SECONDS, STREAM_LEAST, STREAM_MOST = 1.0, 5, 100
WORDS = "words, as many as people write when they have a little to say"


@dataclass
class FanOut:
    """What it took to tell everybody: messages one at a time, and many at once."""

    server: str
    sockets: int
    latencies: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
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
            self.firsts + other.firsts,
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
    def first(self) -> float:
        """Milliseconds until anybody had it, as far as the load could see: the median of all messages."""
        return statistics.median(self.firsts) * 1000

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

    def __add__(self, other: "Opened") -> "Opened":
        return Opened(
            self.sockets + other.sockets,
            self.effort + other.effort,
            self.tried_again + other.tried_again,
        )

    @property
    def rate(self) -> float:
        """Handshakes a second."""
        return self.sockets / self.effort.seconds

    @property
    def cost(self) -> float:
        """Processor time of the server for a handshake, in microseconds."""
        return self.effort.server / self.sockets * 1e6


class Talk:
    """How one says something on a server that echoes."""

    def __init__(self, crowd: Crowd, frame: bytes) -> None:
        # As many digits as the product's first messages have.
        self.crowd, self.frame, self.sequence = crowd, frame, 10
        self.acknowledged: list[str] = []

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


def fan_out(name: str, pid: int, talk: Talk) -> FanOut:
    """Let one say something to all, again and again."""
    crowd = talk.crowd
    found = FanOut(name, len(crowd.members))

    def tell(messages: int) -> Effort:
        before = crowd.delivered
        wanted = before + messages * len(crowd.members)
        spent, began, first = meter(pid), time.perf_counter(), 0.0
        for _message in range(messages):
            talk.post()

        def heard() -> bool:
            nonlocal first
            if not first and crowd.delivered > before:
                first = time.perf_counter() - began
            return crowd.delivered >= wanted

        crowd.run(heard)
        found.firsts.append(first)
        return spent()

    # The first warms up, and says how long the others will take.
    pause = min(0.4, 0.1 + 1.5 * tell(1).seconds)
    while len(found.latencies) < LEAST or (len(found.latencies) < MOST and sum(found.latencies) < SECONDS):
        # A busy room may gather messages for a moment; this is about one message alone.
        crowd.rest(pause)
        effort = tell(1)
        found.latencies.append(effort.seconds)
        found.effort += effort
    # Not of the one that warmed up.
    del found.firsts[0]
    found.size = len(split(crowd.sample)[0][-1][1])
    messages = int(STREAM_SECONDS * found.rate / found.sockets)
    if messages >= STREAM_LEAST:
        crowd.rest(pause)
        found.stream, frames = min(STREAM_MOST, messages), crowd.frames
        found.stream_effort = tell(found.stream)
        found.firsts.pop()
        found.stream_frames = crowd.frames - frames
    return found


@dataclass
class Voice:
    """A crowd that talks on one server, in a process of its own: one process may not hold them all.

    With a `room` the server is ChatScape; without, messages are made of `frame`. Start it where the
    load may run; every method but `start` and `end` is done over there.
    """

    name: str
    port: int
    pid: int
    path: str = "/ws/"
    cookies: Sequence[str] = ()
    room: str = ""
    frame: bytes = b""

    def start(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_obey, args=(far, self), daemon=True)
        self._process.start()
        # Only the process has it: when one of both ends, the other notices.
        far.close()
        return self

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def open(self, sockets: int) -> Opened:
        """Open so many more."""
        opened: Opened = self._ask("open", sockets)
        return opened

    def join(self) -> None:
        """Let those that are new hear what is said, and all rest for a second."""
        self._ask("join")

    def tell(self) -> FanOut:
        found: FanOut = self._ask("tell")
        return found

    def acknowledged(self) -> list[str]:
        """Return what was said, as far as the server has acknowledged it."""
        texts: list[str] = self._ask("acknowledged")
        return texts

    def _ask(self, order: str, *arguments: Any) -> Any:
        self._pipe.send((order, arguments))
        worked, answer = self._pipe.recv()
        if not worked:
            raise answer
        return answer


class Speaker:
    """The far end of a voice."""

    def __init__(self, voice: Voice) -> None:
        self.voice, self.joined = voice, 0
        self.crowd = Crowd(voice.port, voice.path, "chatscape.html" if voice.room else "")
        self.talk = ProductTalk(self.crowd, voice.room) if voice.room else Talk(self.crowd, voice.frame)

    def open(self, sockets: int) -> Opened:
        first, again = len(self.crowd.members), self.crowd.put_off
        cookies = self.voice.cookies[first : first + sockets] if self.voice.cookies else [""] * sockets
        spent = meter(self.voice.pid)
        self.crowd.connect(cookies)
        return Opened(sockets, spent(), self.crowd.put_off - again)

    def join(self) -> None:
        self.talk.join(self.crowd.members[self.joined :])
        self.joined = len(self.crowd.members)
        self.crowd.rest(1)

    def tell(self) -> FanOut:
        return fan_out(self.voice.name, self.voice.pid, self.talk)

    def acknowledged(self) -> list[str]:
        return self.talk.acknowledged


def _obey(pipe: Connection, voice: Voice) -> None:
    """Do what is asked for, one after the other, and keep the sockets alive in between."""
    open_all_files()
    speaker = Speaker(voice)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            try:
                speaker.crowd.run(pipe.poll, float("inf"))
                order, arguments = pipe.recv()
                answer = getattr(speaker, order)(*arguments)
            except (AssertionError, TimeoutError, ConnectionError) as error:
                pipe.send((False, error))
            else:
                pipe.send((True, answer))
