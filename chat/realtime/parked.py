"""A socket taken over from Daphne: a descriptor, and next to nothing while it is idle."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import time
from collections import deque
from typing import TYPE_CHECKING

from websockets.frames import Close, Frame, Opcode

from chat.realtime import reads, requests
from chat.realtime.frames import TextFrame
from chat.realtime.groups import user_group
from chat.realtime.inbound import Inbound
from chat.realtime.poller import PING
from chat.realtime.socket import Session, Socket
from chat.realtime.traffic import BACKLOG_MOST, CLOSE_PATIENCE, FRAMES_WAITING, STALL_PATIENCE, TOO_SLOW
from chatscape.metrics import catalogue

if TYPE_CHECKING:
    from chat.realtime.hub import Hub

READ = 16 * 1024
# A masked, empty pong: all that most clients ever say.
_PONG = b"\x8a\x80"
_write = os.write


class Backlog:
    """What a client has not taken yet, or what is left to do for one that has ended."""

    __slots__ = ("frames", "last", "offset", "progress", "shut", "size", "until")

    def __init__(self) -> None:
        # Frames, each with how much of the limit it takes.
        self.frames: deque[tuple[bytes, int]] = deque()
        # How much of the first frame is written.
        self.offset = 0
        self.size = 0
        self.progress = time.monotonic()
        # Nothing may follow; after it the connection is closed by our side first (RFC 6455, 7.1.1).
        self.last = False
        self.shut = False
        self.until = 0.0


# Of sockets whose descriptor is closed.
_NONE = Backlog()


class ParkedSocket(Socket):
    """A socket whose frames go straight to the kernel. Everything runs on the hub's event loop."""

    __slots__ = ("alive", "backlog", "entered", "fd", "inbound")

    def __init__(self, hub: Hub, session: Session, protocol: str, fd: int) -> None:
        super().__init__(hub, session, protocol)
        self.fd = fd
        # None while everything is written, so that one look says whether to write.
        self.backlog: Backlog | None = None
        self.inbound: Inbound | None = None
        self.entered = False
        self.alive = 0
        try:
            hub.poller.add(self)
        except OSError:
            self.lose()
            raise

    def send(self, frame: TextFrame) -> None:
        # As `_write`, without the call: a crowd comes through here, socket by socket.
        if self.backlog is not None:
            self._keep(frame.wire, 0, len(frame.wire))
            return
        wire = frame.wire
        try:
            written = _write(self.fd, wire)
        except BlockingIOError:
            written = 0
        except OSError:
            self.lose()
            return
        if written != len(wire):
            self._keep(wire, written, len(wire))

    def end(self, code: int, reason: str = "") -> None:
        if not self.gone:
            catalogue.closed.add(str(code))
            self._end(Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False))

    def forget(self) -> None:
        if not self.gone:
            super().forget()
            reads.left(self)

    def lose(self) -> None:
        """Close the connection at once, and forget it."""
        if not self.gone:
            catalogue.closed.add("lost")
        self.forget()
        if self.backlog is not _NONE:
            self.hub.poller.remove(self)
            self.fd, self.backlog = -1, _NONE
            self._wake()

    def ping(self) -> None:
        """Ask for a sign of life, unless there is something on its way that would be one."""
        if self.inbound is not None and self.inbound.answering:
            self.alive = self.hub.poller.now
        elif self.backlog is None:
            self._write(PING)

    def check(self, now: float) -> None:
        """Cut a connection whose time is over; end one whose client takes nothing."""
        backlog = self.backlog
        if backlog is None:
            return
        if backlog.until and now > backlog.until:
            self.lose()
        elif not backlog.last and now - backlog.progress > STALL_PATIENCE:
            self.end(TOO_SLOW, "too slow")

    # Inbound

    def read(self) -> None:
        """Take what the client has sent, a portion at a time."""
        try:
            data = os.read(self.fd, READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose()
            return
        self.alive = self.hub.poller.now
        if self.inbound is None and len(data) == 6 and data.startswith(_PONG):
            return
        self.receive(data)

    def receive(self, data: bytes) -> None:
        """Take bytes from the client: answer its messages, one after the other, in their order."""
        backlog = self.backlog
        if backlog is not None and backlog.shut:
            return
        inbound = self.inbound
        if inbound is None:
            inbound = self.inbound = Inbound()
        answer = inbound.feed(data)
        if backlog is not None and backlog.last:
            # We have said good-bye: nothing counts but the answer to that.
            inbound.messages.clear()
            if b"" in answer:
                self._shut()
            return
        for frame in answer:
            if not frame:
                inbound.messages.clear()
                self._end(b"")
                return
            if frame[0] == 0x88:
                # What was asked for before is done all the same: who says it and leaves has said it.
                if not self.gone:
                    catalogue.closed.add("client")
                self._end(frame, answered=True)
                break
            self._write(frame)
        if inbound.messages and not inbound.answering:
            inbound.answering = True
            self.hub.poller.start(self._answer(inbound))
        if len(inbound.messages) > FRAMES_WAITING and not inbound.paused and not self.gone:
            inbound.paused = True
            self._watch()
        self._rest()

    async def _answer(self, inbound: Inbound) -> None:
        """Answer messages until there are none; while the client does not take the answers, wait."""
        try:
            if not self.entered:
                await self.hub.link.entered([user_group(self.user_id)])
                self.entered = True
            while inbound.messages:
                if self.backlog is not None and not self.gone:
                    inbound.written = asyncio.Event()
                    await inbound.written.wait()
                    inbound.written = None
                    continue
                text, data = inbound.messages.popleft()
                wire = TextFrame(await requests.answer(self, text, data)).wire
                if not self.gone:
                    self._write(wire, 0)
                if inbound.paused and len(inbound.messages) <= FRAMES_WAITING // 2:
                    inbound.paused = False
                    self._watch()
        finally:
            inbound.answering = False
            self._rest()

    def _wake(self) -> None:
        """Everything is written, or never will be: go on with answers."""
        if self.inbound is not None and self.inbound.written is not None:
            self.inbound.written.set()

    def _rest(self) -> None:
        """Keep nothing while there is nothing to do."""
        if self.inbound is not None and self.inbound.idle:
            self.inbound = None

    # Outbound

    def _write(self, wire: bytes, weight: int | None = None) -> None:
        """Write bytes of ours. `weight` is how much of the limit they take while they wait."""
        weight = len(wire) if weight is None else weight
        if self.backlog is not None:
            self._keep(wire, 0, weight)
            return
        try:
            written = _write(self.fd, wire)
        except BlockingIOError:
            written = 0
        except OSError:
            self.lose()
            return
        if written != len(wire):
            self._keep(wire, written, weight)

    def _keep(self, wire: bytes, written: int, weight: int) -> None:
        """Keep a frame until the client takes more. One that has too much to take is ended."""
        if self.gone:
            return
        backlog, first = self.backlog, self.backlog is None
        if backlog is None:
            backlog = self.backlog = Backlog()
            backlog.offset = written
        backlog.frames.append((wire, weight))
        backlog.size += weight
        if first:
            self.hub.poller.waiting.add(self)
            self._watch()
        if backlog.size > BACKLOG_MOST:
            self.end(TOO_SLOW, "too slow")

    def flush(self) -> None:
        """Write as much as the client takes."""
        backlog = self.backlog
        if backlog is None:
            return
        while backlog.frames:
            wire, weight = backlog.frames[0]
            try:
                written = _write(self.fd, memoryview(wire)[backlog.offset :] if backlog.offset else wire)
            except BlockingIOError:
                return
            except OSError:
                self.lose()
                return
            # A kernel that takes bytes belongs to a client that lives.
            backlog.progress, self.alive = time.monotonic(), self.hub.poller.now
            if backlog.offset + written < len(wire):
                backlog.offset += written
                return
            backlog.offset = 0
            backlog.size -= weight
            backlog.frames.popleft()
        if not backlog.last:
            self.backlog = None
            self.hub.poller.waiting.discard(self)
            self._wake()
        elif backlog.shut:
            self._finish()
        self._watch()

    def _end(self, close: bytes, *, answered: bool = False) -> None:
        """Say good-bye after the frame that is partly written, whatever else waits.

        The client has some seconds to take it and to answer, unless it was the first to say it.
        """
        self.forget()
        backlog = self.backlog
        if backlog is None:
            backlog = self.backlog = Backlog()
        elif backlog.offset:
            backlog.frames = deque([backlog.frames[0]])
        else:
            backlog.frames.clear()
        if close:
            backlog.frames.append((close, 0))
        backlog.last, backlog.until = True, time.monotonic() + CLOSE_PATIENCE
        self.hub.poller.waiting.add(self)
        if self.inbound is not None:
            if not answered:
                self.inbound.messages.clear()
            self.inbound.paused = False
        if answered or not close:
            backlog.shut = True
        self._wake()
        self.flush()
        self._watch()

    def _shut(self) -> None:
        """The client has answered our good-bye."""
        if self.backlog is not None:
            self.backlog.shut = True
            self.flush()

    def _finish(self) -> None:
        """Close our side, and wait a moment for the other: what it still sends must not reset the rest."""
        try:
            connection = sockets.socket(fileno=self.fd)
            try:
                connection.shutdown(sockets.SHUT_WR)
            finally:
                connection.detach()
        except OSError:
            self.lose()

    def _watch(self) -> None:
        if self.fd >= 0:
            paused = self.inbound is not None and self.inbound.paused
            writing = self.backlog is not None and bool(self.backlog.frames)
            self.hub.poller.watch(self, reading=not paused, writing=writing)
