"""What one client is sending: bytes become messages, as RFC 6455 says; `websockets` knows how."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

# The same as on the unparked path: `serve` gives it to Daphne.
MESSAGE_MOST = 256 * 1024

# It says of every socket that it has ended.
_logger = logging.getLogger(f"{__name__}.frames")
_logger.setLevel(logging.WARNING)

# A message as a consumer gets it: a text, or bytes.
Message = tuple[str | None, bytes | None]


class Inbound:
    """Lives as long as something of a client is half read or not answered."""

    __slots__ = (
        "_fed",
        "_kind",
        "_parts",
        "_protocol",
        "_taken",
        "answering",
        "messages",
        "paused",
        "written",
    )

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.answering = False
        self.paused = False
        # Set when what waits for the client is written.
        self.written: asyncio.Event | None = None
        self._protocol: Protocol | None = None
        self._fed = self._taken = 0
        self._parts: list[bytes] = []
        self._kind: Opcode = Opcode.TEXT

    @property
    def idle(self) -> bool:
        """Whether there is nothing that would be lost with this object."""
        return self._protocol is None and not self.messages and not self.answering

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Take bytes; new messages are put behind `messages`.

        Return what is to be written: pongs, and a close frame. An empty one says that the connection is
        to be closed after them.
        """
        protocol = self._protocol
        if protocol is None:
            protocol = self._protocol = Protocol(SERVER, state=OPEN, max_size=MESSAGE_MOST, logger=_logger)
            self._fed = self._taken = 0
        self._fed += len(data)
        protocol.receive_data(data)
        for frame in protocol.events_received():
            # Only frames come after the handshake.
            assert isinstance(frame, Frame)  # noqa: S101
            if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._taken += _size(frame)
            elif not self._take(frame):
                protocol.fail(CloseCode.INVALID_DATA)
                break
        answer = protocol.data_to_send()
        # Between two messages the parser knows nothing. Clients that waste bytes on lengths keep theirs.
        if self._fed == self._taken and not self._parts and protocol.state is OPEN:
            self._protocol = None
        return answer

    def _take(self, frame: Frame) -> bool:
        """Put a frame behind those of its message. Say whether it is well-formed."""
        self._taken += _size(frame)
        if frame.opcode is not Opcode.CONT:
            self._kind = frame.opcode
        if self._parts or not frame.fin:
            self._parts.append(bytes(frame.data))
            if not frame.fin:
                return True
            data, self._parts = b"".join(self._parts), []
        else:
            data = bytes(frame.data)
        if self._kind is Opcode.BINARY:
            self.messages.append((None, data))
            return True
        try:
            self.messages.append((data.decode(), None))
        except UnicodeDecodeError:
            return False
        return True


def _size(frame: Frame) -> int:
    """How many bytes a masked frame has on the wire, at least."""
    size = len(frame.data)
    return size + (6 if size < 126 else 8 if size < 65536 else 14)
