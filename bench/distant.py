"""A crowd in a process of its own, told by lines of JSON what to do.

One process can hold only so many sockets; the headline needs several.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.crowd import Crowd, Member, Reply
from bench.machine import open_all_files
from chatscape.testing.machine import ROOT

# Sources with more sockets to one port than this run out of ports.
PORTS = 20_000
IN_FLIGHT = 16


class Distant:
    """The near end: starts the process and talks to it."""

    def __init__(self, port: int, room: str, cookies: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="chatscape-bench-")
        # Too many for a pipe.
        (Path(self._folder.name) / "cookies").write_text("\n".join(cookies))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.distant", str(port), room, self._folder.name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, order: str) -> None:
        """Give an order: open, expect, post or end."""
        assert self.process.stdin
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what became of the last order."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line else {"error": "The load's process has ended"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self._folder.cleanup()


class Far:
    """The far end: keeps the sockets alive between orders."""

    def __init__(self, port: int, room: str, folder: Path) -> None:
        self.crowd, self.room = Crowd(port, f"/ws/?room={room}"), room
        self.cookies = (folder / "cookies").read_text().split("\n")
        self.orders = b""
        os.set_blocking(0, False)

    def run(self) -> None:
        """Follow orders until there are none."""
        orders = {"open": self.open, "expect": self.expect, "post": self.post}
        while (order := self.next_order()) != "end":
            try:
                answer = orders[order]()
            except (AssertionError, OSError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps({"open": len(self.crowd.members), **answer}) + "\n")
            sys.stdout.flush()

    def next_order(self) -> str:
        """Wait for an order, and answer the server's pings meanwhile."""

        def ordered() -> bool:
            try:
                self.orders += os.read(0, 1000) or b"end\n"
            except BlockingIOError:
                return False
            return b"\n" in self.orders

        if b"\n" not in self.orders:
            self.crowd.run(ordered, float("inf"))
        order, _end, self.orders = self.orders.partition(b"\n")
        return order.decode()

    def open(self) -> dict[str, Any]:
        """Open all sockets and let them join the room. What did not open is left out."""
        sources = [f"127.0.0.{number + 1}" for number in range(-(-len(self.cookies) // PORTS))]
        began = time.monotonic()
        try:
            self.crowd.connect(self.cookies, sources=sources, in_flight=IN_FLIGHT)
        finally:
            self.crowd.leave_out_unopened()
            opened = time.monotonic() - began
            self.crowd.join(self.room, self.crowd.members, IN_FLIGHT)
        return {"seconds": opened, "joined": time.monotonic() - began - opened}

    def expect(self) -> dict[str, Any]:
        """Wait until a message has reached every socket here, and say when that was."""
        wanted = self.crowd.delivered + len(self.crowd.members)
        sys.stdout.write(json.dumps({"ready": True}) + "\n")
        sys.stdout.flush()
        self.crowd.run(lambda: self.crowd.delivered >= wanted)
        return {"reached": len(self.crowd.members), "last": time.monotonic()}

    def post(self) -> dict[str, Any]:
        """Post a message, wait until it has reached every socket here, and say when both were."""

        client_id, acknowledged = str(uuid.uuid4()), []

        def posted(member: Member, reply: Reply) -> None:
            assert reply["status"] == "ok", reply
            assert reply["client_id"] == client_id, reply
            acknowledged.append(reply)

        self.crowd.on_reply = posted
        frame = {"action": "message.post", "ref": 1, "room": self.room, "client_id": client_id}
        wanted = self.crowd.delivered + len(self.crowd.members)
        began = time.monotonic()
        said = f"Measured {client_id}"
        self.crowd.send(self.crowd.members[0], json.dumps({**frame, "body": said}).encode())
        self.crowd.run(lambda: self.crowd.delivered >= wanted and bool(acknowledged))
        return {
            "reached": len(self.crowd.members),
            "began": began,
            "last": time.monotonic(),
            "said": said,
        }


if __name__ == "__main__":
    open_all_files()
    Far(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])).run()
