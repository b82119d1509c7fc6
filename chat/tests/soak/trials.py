"""Kill something under sixteen people who write, again and again, and look at what is left.

Every trial has its own dice, made of the run's seed and its number: `KILL_SEED=... KILL_FIRST=17
KILL_TRIALS=1` throws those of number 17 again. `KILL_LOUD=1` tells of each.
"""

import asyncio
import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from statistics import median
from typing import Self

from chat.models.membership import UNREAD_MOST
from chat.realtime.frames import PROTOCOLS
from chat.tests.realtime.clusters import ask
from chat.tests.soak.audit import audit, truth, unread
from chat.tests.soak.ledger import Ledger
from chat.tests.soak.posters import Poster
from chat.tests.soak.rigs import Rig
from chatscape.testing.processes import wait_until

SEED = os.environ.get("KILL_SEED") or str(int(time.time()))
FIRST = int(os.environ.get("KILL_FIRST") or 1)
TRIALS = int(os.environ.get("KILL_TRIALS") or 200)
LOUD = bool(os.environ.get("KILL_LOUD"))
# Who writes by something else than a socket.
DOORS = {3: "form", 7: "plain", 11: "form", 15: "plain"}
# Heartbeats come every 20 seconds: who has missed the last event of all learns it then.
ALIKE = 45.0
_BADGE = re.compile(r'<li data-room="([^"]+)"(.*?)</li>', re.DOTALL)
_COUNT = re.compile(r'class="unread">([^<]+)<')


def dice(what: object) -> Random:
    """Return the dice of one trial."""
    return Random(f"{SEED}-{what}")


class Crowd:
    """Sixteen people at the servers of a rig, who were never told anything wrong."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.ledger = rig, Ledger()
        self.posters = [
            Poster(
                rig.servers[number % len(rig.servers)],
                session,
                person,
                rig.scene.rooms,
                PROTOCOLS[number // 2 % 2],
                DOORS.get(number, "socket"),
                self.ledger,
            )
            for number, (person, session) in enumerate(rig.scene.sessions.items())
        ]
        self.seconds: list[float] = []
        self.victims: Counter[str] = Counter()
        self.slowest: dict[str, list[float]] = defaultdict(list)
        self.in_flight = self.rescued = self.trials = self.refused = self.posts = 0
        self.slowest_answer = 0.0

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(24))
        for poster in self.posters:
            poster.start()
        await asyncio.wait_for(asyncio.gather(*(poster.live.wait() for poster in self.posters)), 60)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await asyncio.gather(*(poster.close() for poster in self.posters))

    async def trial(self, random: Random, victim: str) -> None:
        """Kill one victim at a moment of the dice, bring it back, and check everything."""
        await self.through(self.rig.victims[victim], random, victim)

    async def through(self, fault: Callable[[Random], None], random: Random, name: str) -> None:
        """Let all write before, during and after a fault; check that nothing is lost and all see the same."""
        began, refused = time.time(), self.ledger.refused.total()
        since = max(self.ledger.changes[room] for room in self.rig.scene.rooms)
        enough, pause = asyncio.Event(), random.choice([0.0, 0.02, 0.1])
        talking = [
            asyncio.create_task(poster.talk(enough, Random(random.random()), pause))
            for poster in self.posters
        ]
        try:
            await asyncio.sleep(random.uniform(0.05, 0.5))
            self.in_flight += sum(not said.answered for said in self.ledger.said.values())
            await asyncio.to_thread(fault, random)
            back = time.monotonic()
            await asyncio.sleep(0.3)
            enough.set()
            await asyncio.gather(*talking)
        finally:
            for task in talking:
                task.cancel()
        await self.alike()
        took = time.monotonic() - back
        await asyncio.to_thread(self.check, min(since, self.ledger.changes[self.rig.scene.rooms[0]]))
        posts = [said for said in self.ledger.said.values() if said.began >= began]
        self.slowest_answer = max((said.answered - said.began for said in posts), default=0.0)
        self.refused, self.posts = self.ledger.refused.total() - refused, len(posts)
        self.seconds.append(took)
        self.slowest[name].append(took)
        self.victims[name] += 1
        self.trials += 1

    async def alike(self) -> None:
        """Wait until every page shows what the database has."""
        room = self.rig.scene.rooms[0]
        rows = await asyncio.to_thread(self.rig.database.messages)
        wanted, until = truth(rows, room), time.monotonic() + ALIKE
        while not all(poster.state == wanted for poster in self.posters):
            if time.monotonic() > until:
                behind = [poster for poster in self.posters if poster.state != wanted]
                states = [(poster.door, poster.cursor, poster.live.is_set()) for poster in behind]
                raise AssertionError(f"not alike after {ALIKE} s: {states}, head {self.ledger.changes[room]}")
            await asyncio.sleep(0.05)

    def check(self, since: int) -> None:
        """The database holds what people were told, and pages say the same as the database."""
        outcome = audit(self.rig.database, self.ledger)
        self.rescued = outcome.rescued
        rows, room = self.rig.database.messages(), self.rig.scene.rooms[0]
        poster = self.posters[since % len(self.posters)]
        assert self.loaded(poster, since) == {
            sequence: (shown.revision, shown.client_id, shown.body or "")
            for sequence, shown in truth(rows, room, since).items()
        }
        # What was read is saved about once a second.
        wait_until(lambda: self.counts_agree(poster), timeout=10, why="the same unread counts")

    def loaded(self, poster: Poster, since: int) -> dict[int, tuple[int, str, str]]:
        """What somebody who comes anew gets."""
        found, more = {}, True
        while more:
            path = f"/rooms/{self.rig.scene.rooms[0]}/messages/?since={since}"
            page = json.loads(ask(poster.server, "GET", path, poster.session)[1])
            for message in page["messages"]:
                what = (message["revision"], message["client_id"], message["body"])
                found[message["sequence"]] = what
            since, more = page["revision"], page["more"]
        return found

    def counts_agree(self, poster: Poster) -> bool:
        shown = self.badges(poster)
        counts = {room: unread(self.rig.database, room, poster.person) for room in self.rig.scene.rooms}
        return shown == {
            room: str(count) if count < UNREAD_MOST else f"{UNREAD_MOST - 1}+"
            for room, count in counts.items()
        }

    def badges(self, poster: Poster) -> dict[str, str]:
        """How many unread messages somebody's list shows, by room."""
        text = ask(poster.server, "GET", "/rooms/", poster.session, accept="text/html")[1]
        counts = {}
        for room, row in _BADGE.findall(text):
            count = _COUNT.search(row)
            counts[room] = count[1] if count else "0"
        return counts

    async def run(self, first: int, trials: int) -> None:
        """Run trials; the one that fails says how to throw its dice again."""
        names = sorted(self.rig.victims)
        for number in range(first, first + trials):
            random = dice(number)
            # All come in turn, so that few trials meet all of them.
            victim = names[(number - 1) % len(names)]
            try:
                await self.trial(random, victim)
                if LOUD:
                    print(
                        f"{number} {victim}: {self.seconds[-1]:.2f} s, {len(self.ledger.said)} posts",
                        flush=True,
                    )
            except BaseException:
                print(
                    f"\ntrial {number} ({victim}) failed: KILL_SEED={SEED} KILL_FIRST={number} KILL_TRIALS=1"
                )
                print("".join(server.last_words(2000) for server in self.rig.servers))
                raise
        await asyncio.to_thread(self.check, 0)

    def last(self) -> str:
        """What was measured of the last fault."""
        return (
            f"{self.posts} posts, {self.refused} told to wait, "
            f"slowest answer {self.slowest_answer:.1f} s, "
            f"alike {self.seconds[-1]:.1f} s after it; 0 lost, 0 twice"
        )

    def told(self) -> str:
        """What was measured, in a few lines."""
        kinds = ", ".join(
            f"{name} {count} (max {max(self.slowest[name]):.1f} s)"
            for name, count in sorted(self.victims.items())
        )
        return (
            f"\nseed {SEED}: {self.trials} trials: {kinds}\n"
            f"{len(self.ledger.said)} posts acknowledged, {sum(self.ledger.changes.values())} changes, "
            f"{self.ledger.retries} retries, {self.in_flight} posts in flight when it happened, "
            f"{self.rescued} saved before their first answer was lost; 0 lost, 0 twice\n"
            f"all served and alike {median(self.seconds):.2f} s after it was back, "
            f"at most {max(self.seconds):.2f} s"
        )
