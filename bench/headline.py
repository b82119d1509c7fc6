"""The headline: as many sockets as several processes hold, in one event, and one message to all of them."""

import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import servers
from bench.distant import Distant
from bench.machine import memory, note, open_all_files
from chatscape.testing.parts import PostgresServer, RedisServer
from chatscape.testing.server import Server

HEADING = "## The headline"
MESSAGES = 3
# How long sockets rest before the first message: until the last heartbeats of the surge are through.
SETTLED_LEAST, SETTLED_MOST = 2.0, 20.0
TEXT = """{heading}

`make bench-headline SOCKETS={asked} PROCESSES={processes}`: people who are really signed in and in one event,
a parked socket each, over {processes} server processes with PostgreSQL and Redis, all on this machine
together with the load.

| what | found |
| --- | --- |
| sockets that were open at once | {open:,} of {asked:,} |
| one message to all: delivered | {reached} |
| one message to all: until the last receiver had it | {last} |
| of the messages that were acknowledged, found afterwards, each once with its text | {kept} of {said} |
| until all sockets were open | {opened_in:.0f} s |
| sockets opened a second, with session, origin and membership checked | {connects:,.0f} |
| memory of the server processes a socket | {socket:.1f} KiB |
| memory of the machine in use, load and databases included | {used:.1f} of {total:.1f} GiB |
| files that a process may have open | {files:,} |
| what stopped it | {stopped} |
"""

Answer = dict[str, Any]


@dataclass
class Headline:
    """What was found. `reached` and `seconds` are of each message to all."""

    asked: int
    processes: int
    open: int = 0
    opened_in: float = 0.0
    reached: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    socket: float = 0.0
    used: float = 0.0
    total: float = 0.0
    said: list[str] = field(default_factory=list)
    kept: int = 0
    stopped: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return TEXT.format(
            heading=HEADING,
            asked=self.asked,
            processes=self.processes,
            open=self.open,
            reached=", ".join(f"{reached:,}" for reached in self.reached) or "–",
            last=", ".join(f"{seconds:.2f} s" for seconds in self.seconds) or "–",
            said=len(self.said),
            kept=self.kept,
            opened_in=self.opened_in,
            files=open_all_files(),
            connects=self.open / self.opened_in if self.opened_in else 0,
            socket=self.socket,
            used=self.used,
            total=self.total,
            stopped="; ".join(dict.fromkeys(self.stopped)) or "nothing",
        )


def measure(sockets: int, processes: int) -> Headline:
    """Open the sockets, a share of them on each process, let them rest, and tell them something."""
    found = Headline(sockets, processes)
    with contextlib.ExitStack() as stack:
        postgres, redis = stack.enter_context(PostgresServer()), stack.enter_context(RedisServer())
        postgres.start()
        redis.start()
        env = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": secrets.token_urlsafe(50),
            # All of them share what PostgreSQL has.
            "DATABASE_CONNECTIONS": str(max(2, 100 // processes)),
        }
        # The first brings the database up to date for all.
        running = [
            stack.enter_context(servers.product(**env if not index else {})) for index in range(processes)
        ]
        for server in running:
            server.env.update(env)
        seeded = servers.seed(running[0], f"event({sockets})")
        note(f"{sockets:,} people are signed in")
        for server in running:
            server.start()
        share = -(-sockets // processes)
        crowds = [
            stack.enter_context(
                Distant(server.port, seeded["room"], seeded["cookies"][index * share : (index + 1) * share])
            )
            for index, server in enumerate(running)
        ]
        _open(found, running, crowds)
        time.sleep(min(SETTLED_MOST, SETTLED_LEAST + found.open / 5_000))
        for _message in range(MESSAGES):
            _tell(found, crowds)
        found.used, found.total = _machine()
        kept = servers.seed(running[0], "posted()")
        found.kept = sum(kept.count([seeded["room"], text]) == 1 for text in found.said)
    return found


def _open(found: Headline, running: Sequence[Server], crowds: Sequence[Distant]) -> None:
    before = sum(memory(server.pid) for server in running)
    for crowd in crowds:
        crowd.tell("open")
    answers = [crowd.answer() for crowd in crowds]
    found.open = sum(answer.get("open", 0) for answer in answers)
    found.opened_in = max((answer.get("seconds", 0.0) for answer in answers), default=0.0)
    found.stopped += [answer["error"] for answer in answers if "error" in answer]
    found.socket = (sum(memory(server.pid) for server in running) - before) / max(1, found.open)
    note(f"{found.open:,} sockets are open")


def _tell(found: Headline, crowds: Sequence[Distant]) -> None:
    """Let one of the first crowd say something, and wait until all have heard it."""
    for crowd in crowds[1:]:
        crowd.tell("expect")
    ready = [crowd.answer() for crowd in crowds[1:]]
    crowds[0].tell("post")
    answers = [crowds[0].answer(), *(crowd.answer() for crowd in crowds[1:])]
    found.stopped += [answer["error"] for answer in [*ready, *answers] if "error" in answer]
    if any("error" in answer for answer in answers):
        return
    found.said.append(answers[0]["said"])
    found.reached.append(sum(answer["reached"] for answer in answers))
    found.seconds.append(max(answer["last"] for answer in answers) - answers[0]["began"])
    note(f"{found.reached[-1]:,} sockets had it after {found.seconds[-1]:.2f} s")


def _machine() -> tuple[float, float]:
    """Return the memory in use and all there is, in GiB."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kib = {fields[0]: int(fields[1]) for fields in lines}
    total = kib["MemTotal:"]
    return (total - kib["MemAvailable:"]) / 2**20, total / 2**20
