"""The server's clock jumps by a day, there and back: nothing is ordered by it."""

import itertools
import json
import os
import time
from pathlib import Path

import pytest

from chat.tests.realtime.clusters import ask
from chat.tests.soak.rigs import embedded
from chat.tests.soak.trials import Crowd, dice
from chatscape.testing.machine import private_folder
from chatscape.testing.processes import wait_until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
    ),
]
DAY = 24 * 60 * 60


def faketime():
    """Return the library that lies about the time, or nothing."""
    roots = (Path("/"), private_folder() / "root")
    found = (path for root in roots for path in root.glob("usr/lib/*/faketime/libfaketime.so.1"))
    return next(found, None)


async def test_a_clock_that_jumps_moves_nothing(tmp_path):
    library = faketime()
    if library is None:
        pytest.skip("libfaketime is not here (Debian: apt-get install libfaketime)")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "HEARTBEAT_SECONDS": "1",
        # Whoever writes too much is told for how long to wait.
        "LIMITS": "on",
    }
    with embedded(env) as rig:
        server, pid = rig.servers[0], rig.servers[0].pid

        def jumps(to):
            def jump(random):
                clock.write_text(to)
                before = [poster.heartbeats for poster in crowd.posters]
                wait_until(
                    lambda: all(
                        poster.heartbeats > count + 2
                        for poster, count in zip(crowd.posters, before, strict=True)
                    ),
                    timeout=60,
                    why="heartbeats",
                )
                for poster in crowd.posters:
                    assert ask(server, "GET", "/", poster.session, accept="text/html")[0] == 200

            return jump

        async with Crowd(rig) as crowd:
            for to in ("+1d", "-1d", "+0"):
                await crowd.through(jumps(to), dice(f"clock {to}"), to)
                print(f"\nthe clock jumps to {to}: {crowd.last()}")
            # Nobody was sent away for it.
            assert not any(poster.closes for poster in crowd.posters)
        rows = sorted(rig.database.messages(), key=lambda row: (row.room, row.sequence))
        steps = [
            after.created_at - before.created_at
            for before, after in itertools.pairwise(rows)
            if before.room == after.room
        ]
        assert max(steps) > DAY / 2
        assert min(steps) < -DAY
        page = json.loads(
            ask(server, "GET", f"/rooms/{rig.scene.rooms[0]}/messages/", crowd.posters[0].session)[1]
        )
        sequences = [message["sequence"] for message in page["messages"]]
        assert sequences == sorted(sequences)
        assert server.pid == pid
        assert "Traceback" not in server.last_words(10**7)
        assert time.time() - rows[-1].created_at < DAY / 2
