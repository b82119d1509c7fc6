"""Thousands of WebSockets held by one thread, each checked for what it gets.

The client must be faster than any server it measures: one epoll loop reads bare descriptors, and
bytes that were seen before (a message reaches every socket as the same bytes) are not read twice.
"""

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.frames import PONG, Chunk, client_frame, handshake, read, split

READ_MOST = 32 * 1024
# How many chunks are known by their bytes.
KNOWN_MOST = 2_000
PATIENCE = 60.0
# How many handshakes are under way at once. Daphne lets 50 wait; the kernel puts off more for a second.
IN_FLIGHT = 40

Reply = dict[str, Any]


@dataclass(slots=True)
class Member:
    """One socket. `latest` is the sequence of the last message it got."""

    number: int
    socket: socket.socket
    latest: int | None = None
    rest: bytes = b""
    is_open: bool = False


class Crowd:
    """Sockets of one server, numbered in the order they were opened.

    Every socket must get every message once, in order: what it gets instead raises `AssertionError`.
    """

    def __init__(self, port: int, path: str = "/ws/", protocol: str = "chatscape.html") -> None:
        self.port, self.path, self.protocol = port, path, protocol
        self.members: list[Member] = []
        self.delivered = 0
        self.frames = 0
        # Handshakes that the server put off (503) or dropped: they are tried again.
        self.put_off = 0
        # The last bytes that were new and one message alone.
        self.sample = b""
        self.on_reply: Callable[[Member, Reply], None] = lambda member, reply: None
        self._poll = select.epoll()
        self._by_fd: dict[int, Member] = {}
        self._known: dict[bytes, Chunk] = {}
        # What was read last: most often the next socket has the same; comparing is cheaper than hashing.
        self._last, self._last_chunk = b"", Chunk()
        self._opening: dict[int, bytes] = {}
        self._later: list[tuple[float, Member, bytes]] = []

    def connect(
        self, cookies: Sequence[str], *, sources: Sequence[str] = (), in_flight: int = IN_FLIGHT
    ) -> float:
        """Open a socket for every cookie, some at a time, and return the seconds it took."""
        began, waiting, first = time.perf_counter(), iter(enumerate(cookies)), len(self.members)

        def refill() -> None:
            while len(self._opening) + len(self._later) < in_flight:
                index, cookie = next(waiting, (-1, ""))
                if index < 0:
                    return
                member = Member(len(self.members), socket.socket())
                self.members.append(member)
                request = handshake(self.path, self.port, cookie, self.protocol)
                self._open(member, request, sources[index % len(sources)] if sources else "")

        def done() -> bool:
            refill()
            return not self._opening and not self._later

        patience = PATIENCE + len(cookies) / 50
        self.run(done, patience)
        assert all(member.is_open for member in self.members[first:])
        return time.perf_counter() - began

    def join(self, room: str, members: Iterable[Member], in_flight: int = IN_FLIGHT) -> float:
        """Let members hear a room, some at a time, and return the seconds it took."""
        began, waiting, asked = time.perf_counter(), iter(list(members)), set()
        frame = client_frame(json.dumps({"action": "room.join", "ref": "join", "room": room}).encode())

        def joined(member: Member, reply: Reply) -> None:
            assert reply["status"] == "ok", reply
            member.latest = reply["revision"]
            asked.discard(member.number)

        def done() -> bool:
            while len(asked) < in_flight:
                member = next(waiting, None)
                if member is None:
                    return not asked
                asked.add(member.number)
                member.socket.send(frame)
            return False

        self.on_reply = joined
        self.run(done, PATIENCE + len(self.members) / 50)
        return time.perf_counter() - began

    def send(self, member: Member, payload: bytes) -> None:
        member.socket.sendall(client_frame(payload))

    def run(self, done: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Read until `done`, which is asked after every round. Raises `TimeoutError` when it is late."""
        deadline = time.perf_counter() + seconds
        while not done():
            left = deadline - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"Not within {seconds:.0f} seconds")
            for fd, mask in self._poll.poll(min(left, 0.05)):
                if fd in self._opening:
                    self._handshake(fd, mask)
                else:
                    self._read(fd)
            if self._later:
                self._try_again()

    def rest(self, seconds: float) -> None:
        """Read, and answer pings, for some time."""
        until = time.perf_counter() + seconds
        self.run(lambda: time.perf_counter() >= until, seconds + 1)

    def leave_out_unopened(self) -> None:
        """Go on without the sockets that could not be opened."""
        for member in [member for member in self.members if not member.is_open]:
            self.members.remove(member)
            self._opening.pop(member.socket.fileno(), None)
            self._by_fd.pop(member.socket.fileno(), None)
            member.socket.close()
        self._later.clear()

    def close(self) -> None:
        """Drop all sockets at once."""
        self._poll.close()
        for member in self.members:
            member.socket.close()
        self.members, self._by_fd = [], {}

    def _open(self, member: Member, request: bytes, source: str = "") -> None:
        own = member.socket
        own.setblocking(False)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            # The kernel chooses the port when it knows both ends: then one source has them all.
            own.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
            own.bind((source, 0))
        with contextlib.suppress(BlockingIOError):
            own.connect(("127.0.0.1", self.port))
        self._by_fd[own.fileno()] = member
        self._opening[own.fileno()] = request
        self._poll.register(own.fileno(), select.EPOLLOUT)

    def _handshake(self, fd: int, mask: int) -> None:
        member, data = self._by_fd[fd], b""
        with contextlib.suppress(ConnectionError):
            if mask & select.EPOLLOUT:
                member.socket.sendall(self._opening[fd])
                self._poll.modify(fd, select.EPOLLIN)
                return
            data = os.read(fd, READ_MOST)
        head, end, rest = (member.rest + data).partition(b"\r\n\r\n")
        if data and not end:
            member.rest = head
            return
        member.rest = b""
        request = self._opening.pop(fd)
        if not end or head.startswith(b"HTTP/1.1 503"):
            self._put_off(member, request)
            return
        assert head.startswith(b"HTTP/1.1 101"), head[:200]
        member.is_open = True
        if rest:
            self._take(member, rest)

    def _put_off(self, member: Member, request: bytes) -> None:
        self.put_off += 1
        del self._by_fd[member.socket.fileno()]
        member.socket.close()
        self._later.append((time.perf_counter() + 0.5, member, request))

    def _try_again(self) -> None:
        due = [item for item in self._later if item[0] <= time.perf_counter()]
        for item in due:
            self._later.remove(item)
            member = item[1]
            member.socket = socket.socket()
            self._open(member, item[2])

    def _read(self, fd: int) -> None:
        member = self._by_fd[fd]
        data = os.read(fd, READ_MOST)
        assert data, f"Socket {member.number} was dropped"
        if member.rest:
            data, member.rest = member.rest + data, b""
        self._take(member, data)

    def _take(self, member: Member, data: bytes) -> None:
        chunk = self._last_chunk if data == self._last else self._chunk(member, data)
        sequences = chunk.sequences
        if sequences:
            latest = member.latest
            # Those of a chunk follow each other: that was looked at when it was new.
            assert latest is None or sequences[0] == latest + 1, (member.number, latest, sequences)
            member.latest = sequences[-1]
            self.delivered += len(sequences)
            self.frames += chunk.frames
        member.rest = chunk.rest

    def _chunk(self, member: Member, data: bytes) -> Chunk:
        chunk = self._known.get(data)
        if chunk is None:
            chunk = read(data)
            first = chunk.sequences[0] if chunk.sequences else 0
            assert chunk.sequences == tuple(range(first, first + len(chunk.sequences))), chunk.sequences
            if not chunk.plain:
                self._answer(member, chunk)
                return chunk
            if len(self._known) > KNOWN_MOST:
                self._known.clear()
            self._known[data] = chunk
            if len(split(data)[0]) == chunk.frames == len(chunk.sequences) == 1:
                self.sample = data
        self._last, self._last_chunk = data, chunk
        return chunk

    def _answer(self, member: Member, chunk: Chunk) -> None:
        assert not chunk.closed, f"Socket {member.number} was closed"
        for ping in chunk.pings:
            member.socket.send(client_frame(ping, PONG))
        for reply in chunk.replies:
            self.on_reply(member, reply)
