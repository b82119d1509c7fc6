"""A client that sends exactly the bytes it is told to, and reads frames."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

PATIENCE = 10.0


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """Return a frame as a client sends it, right or wrong."""
    size = len(data)
    second = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([second | size])
    elif size < 1 << 16:
        head += bytes([second | 126]) + struct.pack("!H", size)
    else:
        head += bytes([second | 127]) + struct.pack("!Q", size)
    if not mask:
        return head + data
    key = b"\x11\x22\x33\x44"
    stream = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return head + key + (int.from_bytes(data, "big") ^ stream).to_bytes(size, "big")


def text(data: bytes | str, **how: Any) -> bytes:
    return frame(Opcode.TEXT, data.encode() if isinstance(data, str) else data, **how)


def more(data: bytes, **how: Any) -> bytes:
    return frame(Opcode.CONT, data, **how)


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(Opcode.CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def asking(ref: object, size: int = 0) -> bytes:
    """Return a question of this size that is answered with its `ref`."""
    question = json.dumps({"action": "ping", "ref": ref, "x": ""}, ensure_ascii=False).encode()
    return question[:-2] + b"x" * max(0, size - len(question)) + question[-2:]


class Raw:
    """A WebSocket on a blocking TCP connection to a server on this machine."""

    def __init__(self, connection: socket.socket, received: bytes = b"") -> None:
        self.connection = connection
        self.reader = StreamReader()
        self.reader.feed_data(received)

    @classmethod
    def open(
        cls,
        port: int,
        session: str,
        early: bytes = b"",
        *,
        buffer: int = 0,
        headers: str = "",
        path: str = "/ws/",
    ) -> Self:
        """Shake hands; `early` is sent together with that."""
        connection = socket.socket()
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: chatscape_session={session}\r\n"
            f"{headers}\r\n".encode()
            + early
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = connection.recv(65536)
            assert received, answer
            answer += received
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        return cls(connection, rest)

    def send(self, *data: bytes, chop: int = 0) -> None:
        whole = b"".join(data)
        # The server may have left at the beginning of what is wrong; what it answered is still to be read.
        with suppress(BrokenPipeError):
            for start in range(0, len(whole), chop or len(whole) or 1):
                self.connection.sendall(whole[start : start + (chop or len(whole))])

    def frame(self) -> Frame | None:
        """Return the next frame, None at the end of the connection."""
        parsing: Iterator[None] = Frame.parse(self.reader.read_exact, mask=False)
        while True:
            try:
                next(parsing)
            except StopIteration as done:
                parsed: Frame = done.value
                return parsed
            try:
                received = self.connection.recv(65536)
            except ConnectionResetError:
                received = b""
            if not received:
                return None
            self.reader.feed_data(received)

    def outcome(self) -> str:
        """Return the next thing that was not sent to everybody, such as `7 ok`, `pong a`, `close 1002`."""
        while True:
            got = self.frame()
            if got is None:
                return "end"
            data = bytes(got.data)
            if got.opcode is Opcode.CLOSE:
                return f"close {struct.unpack('!H', data[:2])[0]}" if data else "close"
            if got.opcode is Opcode.PONG:
                return f"pong {data.decode('latin1')}"
            if got.opcode is Opcode.PING or not data.startswith(b"{"):
                continue
            reply = json.loads(data)
            if "status" in reply:
                return f"{json.dumps(reply['ref'], ensure_ascii=False)} {reply.get('code', 'ok')}"

    def outcomes(self, count: int) -> list[str]:
        return [self.outcome() for _ in range(count)]

    def ends(self, seconds: float = PATIENCE) -> list[str]:
        """Return what comes until the connection ends."""
        until = time.monotonic() + seconds
        found = []
        while (got := self.outcome()) != "end":
            found.append(got)
            assert time.monotonic() < until
        return found

    def close(self) -> None:
        self.connection.close()
