"""WebSockets on the wire (RFC 6455), as much of it as a load client needs."""

import json
import os
import re
from typing import Any, NamedTuple

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

_SEQUENCE = re.compile(rb'data-sequence="(\d+)"')


def handshake(path: str, port: int, cookie: str, protocol: str = "") -> bytes:
    """Return the request that opens a socket, as a page of the server itself would send it."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
        *([f"Cookie: {cookie}"] if cookie else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a frame as clients send it: masked."""
    size, key = len(payload), os.urandom(4)
    pattern = (key * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")
    return _header(size, opcode, 0x80) + key + masked


def server_frame(payload: bytes) -> bytes:
    """Return a frame as servers send it: not masked."""
    return _header(len(payload), TEXT, 0) + payload


def _header(size: int, opcode: int, mask: int) -> bytes:
    if size < 126:
        return bytes((0x80 | opcode, mask | size))
    if size < 65536:
        return bytes((0x80 | opcode, mask | 126)) + size.to_bytes(2, "big")
    return bytes((0x80 | opcode, mask | 127)) + size.to_bytes(8, "big")


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the whole frames that unmasked `data` begins with, as opcode and payload, and the rest."""
    frames: list[tuple[int, bytes]] = []
    start = 0
    while len(data) - start >= 2:
        size, header = data[start + 1] & 0x7F, 2
        if size == 126:
            size, header = int.from_bytes(data[start + 2 : start + 4], "big"), 4
        elif size == 127:
            size, header = int.from_bytes(data[start + 2 : start + 10], "big"), 10
        end = start + header + size
        if len(data) < start + header or len(data) < end:
            break
        frames.append((data[start] & 0xF, data[start + header : end]))
        start = end
    return frames, data[start:]


class Chunk(NamedTuple):
    """What some bytes from a server hold."""

    frames: int = 0
    """Frames with messages in them."""
    sequences: tuple[int, ...] = ()
    """Those of the messages, in the order they came."""
    replies: tuple[dict[str, Any], ...] = ()
    pings: tuple[bytes, ...] = ()
    closed: bool = False
    rest: bytes = b""

    @property
    def plain(self) -> bool:
        """Whether there are messages only: then other sockets will be sent the very same bytes."""
        return not (self.replies or self.pings or self.closed)


def read(data: bytes) -> Chunk:
    """Read what a server sent. One frame may hold several messages."""
    count, sequences, replies, pings, closed = 0, [], [], [], False
    frames, rest = split(data)
    for opcode, payload in frames:
        if opcode == TEXT and payload.startswith(b"<"):
            count += 1
            sequences += [int(found) for found in _SEQUENCE.findall(payload)]
        elif opcode == TEXT:
            value = json.loads(payload)
            # Heartbeats and notices are nobody's reply.
            if "status" in value:
                replies.append(value)
        elif opcode == PING:
            pings.append(payload)
        elif opcode == CLOSE:
            closed = True
    return Chunk(count, tuple(sequences), tuple(replies), tuple(pings), closed, rest)
