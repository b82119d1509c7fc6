"""The least a server can do: an epoll loop in Python that writes bytes to sockets, and nothing else.

    python -m bench.bare sockets PORT    accepts WebSockets; what one sends, all get
    python -m bench.bare pages PORT      answers every request with the same page

Nobody is checked and nothing is kept. It is what the product's figures are compared with, and what
shows how fast the load itself is.
"""

import contextlib
import os
import select
import socket
import sys

from bench.frames import CLOSE, TEXT, server_frame
from bench.machine import open_all_files

ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    # Of the one key that the load sends.
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzhTNdMIb4Ls=\r\n\r\n"
)
PAGE = b"<!doctype html><title>Page</title>" + b"<p>Some fifty kilobytes of words.</p>\n" * 1350
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " + str(len(PAGE)).encode() + b"\r\n\r\n"
) + PAGE


class Loop:
    """Accepts connections and keeps what could not be written at once."""

    def __init__(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.sockets: dict[int, socket.socket] = {}
        self.waiting: dict[int, bytes] = {}

    def run(self) -> None:
        """Serve until killed."""
        listening = self.listener.fileno()
        while True:
            for fd, mask in self.poll.poll():
                if fd == listening:
                    self.accept()
                elif mask & select.EPOLLOUT:
                    self.write(fd, self.waiting.pop(fd))
                else:
                    self.read(fd)

    def accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _address = self.listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sockets[connection.fileno()] = connection
                self.poll.register(connection.fileno(), select.EPOLLIN)

    def read(self, fd: int) -> None:
        try:
            data = os.read(fd, 65536)
        except ConnectionError:
            data = b""
        if data:
            self.received(fd, data)
        else:
            self.forget(fd)

    def received(self, fd: int, data: bytes) -> None:
        raise NotImplementedError

    def write(self, fd: int, data: bytes) -> None:
        try:
            written = os.write(fd, data)
        except BlockingIOError:
            written = 0
        except ConnectionError:
            return
        if written < len(data):
            self.waiting[fd] = data[written:]
            self.poll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        else:
            self.poll.modify(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        self.waiting.pop(fd, None)
        self.poll.unregister(fd)
        self.sockets.pop(fd).close()


class Sockets(Loop):
    """WebSockets: whatever one of them sends is written to all."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.open: set[int] = set()
        self.partial: dict[int, bytes] = {}

    def received(self, fd: int, data: bytes) -> None:
        data = self.partial.pop(fd, b"") + data
        if fd not in self.open:
            if not data.endswith(b"\r\n\r\n"):
                self.partial[fd] = data
                return
            self.open.add(fd)
            os.write(fd, ACCEPTED)
            return
        frames, rest = unmasked(data)
        if rest:
            self.partial[fd] = rest
        for opcode, payload in frames:
            if opcode == TEXT:
                self.broadcast(server_frame(payload))
            elif opcode == CLOSE:
                self.forget(fd)

    def broadcast(self, frame: bytes) -> None:
        """Write a frame to every socket; one that takes no more is written to when it does."""
        waiting, size, write = self.waiting, len(frame), os.write
        for fd in self.open:
            if fd in waiting:
                waiting[fd] += frame
                continue
            try:
                written = write(fd, frame)
            except BlockingIOError:
                written = 0
            except ConnectionError:
                continue
            if written < size:
                waiting[fd] = frame[written:]
                self.poll.modify(fd, select.EPOLLIN | select.EPOLLOUT)

    def forget(self, fd: int) -> None:
        self.open.discard(fd)
        self.partial.pop(fd, None)
        super().forget(fd)


class Pages(Loop):
    """HTTP: the same page for every request, several of which may come at once."""

    def received(self, fd: int, data: bytes) -> None:
        for _request in range(data.count(b"\r\n\r\n")):
            self.write(fd, ANSWER)


def unmasked(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the whole frames of a client that `data` begins with, and the rest."""
    frames: list[tuple[int, bytes]] = []
    while len(data) >= 6:
        size, header = data[1] & 0x7F, 2
        if size == 126:
            size, header = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, header = int.from_bytes(data[2:10], "big"), 10
        end = header + 4 + size
        if len(data) < end:
            break
        key = data[header : header + 4]
        pattern = (key * (size // 4 + 1))[:size]
        number = int.from_bytes(data[header + 4 : end], "big") ^ int.from_bytes(pattern, "big")
        frames.append((data[0] & 0xF, number.to_bytes(size, "big")))
        data = data[end:]
    return frames, data


if __name__ == "__main__":
    open_all_files()
    {"sockets": Sockets, "pages": Pages}[sys.argv[1]](int(sys.argv[2])).run()
