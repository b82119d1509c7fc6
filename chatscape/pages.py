"""Django's pages in a few threads that stay: one way there with the whole request, one back with the answer.

A thread is only used by a request that is complete, and left as soon as its answer is in the kernel or in
the connection's buffer: nobody who reads or writes slowly holds one.
"""

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from chatscape import request_ids
from chatscape.accesses import NOWHERE, ROUTE, noted
from chatscape.headers import BARE
from chatscape.surge import Line

if TYPE_CHECKING:
    from chatscape.connection import Connection

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
# So many threads work at a time. More would only take the interpreter from each other, and from the loop that
# carries the sockets.
LANES = 2
# Who works for longer than this waits for the database, or the like: others may work meanwhile (seconds).
LONG = 0.05
# After so long a thread lets the loop have the interpreter when it wants it. Python's own 5 ms are long for
# people who listen on sockets.
SWITCH = 0.001
_IDLE = float("inf")
# So many machines may wait for an answer of the thread that is theirs.
ASIDE_MOST = 50
# How long a client of an answer that is made while it is sent may read nothing of it.
STALLED = 30.0
# A file is sent in pieces of this size.
PIECE = 64 * 1024
SERVER = "ChatScape"


class Exchange:
    """One request and its answer. A connection has one at a time, so answers leave in order."""

    __slots__ = ("began", "connection", "environ", "gone", "keep", "pages", "paused", "room", "status")

    pages: "Pages"
    # Set while the client can take more of an answer in pieces.
    room: threading.Event

    def __init__(self, connection: "Connection", environ: Environ, *, keep: bool) -> None:
        self.connection, self.environ = connection, environ
        # Whether the connection may carry another request.
        self.keep = keep
        self.gone = self.paused = False
        # Of the answer; none when there was no whole one.
        self.began, self.status = time.monotonic(), "000"

    @property
    def request_id(self) -> str:
        return str(self.environ[request_ids.KEY])

    @property
    def bodiless(self) -> bool:
        return bool(self.environ["REQUEST_METHOD"] == "HEAD")

    def finish(self, data: bytes) -> None:
        """Send the (last of the) answer. On the loop, like everything below."""
        if not self.gone:
            self.connection.send(data)
            self.connection.exchanged(self)
        self._ended()

    def cut(self) -> None:
        """End the connection: what has been sent is no whole answer."""
        self._ended()
        if not self.gone:
            self.connection.abort()

    def _ended(self) -> None:
        self.pages.pending.discard(self)
        route, method = self.environ.get(ROUTE, NOWHERE), self.environ["REQUEST_METHOD"]
        noted(route, method, self.status, time.monotonic() - self.began, self.request_id)

    def connectionLost(self, reason: object) -> None:  # noqa: N802 - Twisted's name
        self.gone = True
        if hasattr(self, "room"):
            self.room.set()

    # While an answer is sent in pieces, as a producer of Twisted's:

    def begin(self, head: bytes) -> None:
        if not self.gone:
            self.connection.registerProducer(self, True)
        self.put(head)

    def put(self, data: bytes) -> None:
        if not self.gone:
            self.connection.send(data)
        if self.gone or not self.paused:
            self.room.set()

    def end(self, data: bytes) -> None:
        if not self.gone:
            self.connection.unregisterProducer()
        self.finish(data)

    def pauseProducing(self) -> None:  # noqa: N802
        self.paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        self.paused = False
        self.room.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.connectionLost(None)


class Pages:
    """A WSGI application behind Daphne's connections.

    `quick` says which paths are answered on the event loop: those that need neither database nor patience;
    `aside` which have a thread of their own, so that they are answered whatever all others wait for.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int = 8,
        quick: Callable[[str], bool] = lambda path: False,
        aside: Callable[[str], bool] = lambda path: False,
        started: Callable[[], object] = lambda: None,
    ) -> None:
        self.application, self.threads, self.started = application, threads, started
        self.quick, self.aside = quick, aside
        self.pending: set[Exchange] = set()
        self.stopping = self._over = False
        self._line = Line()
        self._waiting: deque[Exchange] = deque()
        self._beside: SimpleQueue[Exchange | None] = SimpleQueue()
        # Since when each thread works, and a place for those that do not.
        self._since = [_IDLE] * threads
        self._turns = threading.Semaphore(0)
        self._looking = False
        self._told: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._woken = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def accept(self, exchange: Exchange) -> None:
        """Answer a request as soon as a thread is free. On the loop."""
        exchange.pages = self
        if self.quick(exchange.environ["PATH_INFO"]):
            self._answer_here(exchange)
            return
        if self._loop is None:
            self._start()
        if self.aside(exchange.environ["PATH_INFO"]) and self._beside.qsize() < ASIDE_MOST:
            self.pending.add(exchange)
            self._beside.put(exchange)
            return
        seconds = self._line.enter()
        if seconds is not None:
            exchange.finish(_plain(exchange, "503 Service Unavailable", ("Retry-After", str(int(seconds)))))
            return
        self.pending.add(exchange)
        self._waiting.append(exchange)
        self._let_work()

    async def stop(self, seconds: float) -> None:
        """Let requests in flight finish for some seconds; then the threads are on their own."""
        self.stopping = True
        until = time.monotonic() + seconds
        while self.pending and time.monotonic() < until:
            await asyncio.sleep(0.02)
        self._over = True
        self._turns.release(self.threads)
        self._beside.put(None)

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        sys.setswitchinterval(SWITCH)
        self.started()
        threading.Thread(target=self._work_aside, name="pages-aside", daemon=True).start()
        for number in range(self.threads):
            threading.Thread(target=self._work, args=(number,), name=f"pages-{number}").start()

    def _let_work(self) -> None:
        """Wake a thread if a lane is free; look again soon as long as somebody waits."""
        if not self._lanes_full() and _IDLE in self._since:
            self._turns.release()
        if not self._looking:
            self._looking = True
            assert self._loop is not None  # noqa: S101 - for mypy
            self._loop.call_later(LONG, self._look)

    def _look(self) -> None:
        self._looking = False
        if self._waiting:
            self._let_work()

    def _lanes_full(self) -> bool:
        long_ago = time.monotonic() - LONG
        return sum(long_ago < since < _IDLE for since in self._since) >= LANES

    def _work(self, number: int) -> None:
        """Answer what waits, as long as there is a lane; then wait for a turn."""
        while not self._over:
            self._turns.acquire()
            while self._waiting and not self._lanes_full():
                try:
                    exchange = self._waiting.popleft()
                except IndexError:
                    # Another thread was quicker.
                    break
                self._line.leave()
                self._since[number] = time.monotonic()
                self._serve(exchange)
                # Before looking for more: who comes now, and sees a free lane, wakes somebody.
                self._since[number] = _IDLE

    def _work_aside(self) -> None:
        while (exchange := self._beside.get()) is not None:
            self._serve(exchange)

    def __len__(self) -> int:
        """Say how many requests wait for a thread."""
        return len(self._waiting)

    def _serve(self, exchange: Exchange) -> None:
        if exchange.gone and exchange.environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            self._tell(self.pending.discard, exchange)
            return
        token = request_ids.current.set(exchange.request_id)
        try:
            self._answer(exchange)
        except Exception:
            logger.exception("A page was not answered")
            self._tell(exchange.cut)
        finally:
            request_ids.current.reset(token)

    def _answer(self, exchange: Exchange) -> None:
        """Make the answer, in a thread, and hand it over."""
        status, headers, body = self._call(exchange)
        try:
            if getattr(body, "streaming", True) and not isinstance(body, list):
                self._stream(exchange, status, headers, body)
            else:
                self._tell(exchange.finish, _whole(exchange, status, headers, b"".join(body)))
        finally:
            # Django's signal that the request has ended. The answer is on its way already.
            getattr(body, "close", bool)()

    def _answer_here(self, exchange: Exchange) -> None:
        token = request_ids.current.set(exchange.request_id)
        try:
            status, headers, body = self._call(exchange)
            whole = b"".join(body)
            getattr(body, "close", bool)()
            exchange.finish(_whole(exchange, status, headers, whole))
        except Exception:
            logger.exception("A file was not answered")
            exchange.cut()
        finally:
            request_ids.current.reset(token)

    def _call(self, exchange: Exchange) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            started[:] = status, headers

        body = self.application(exchange.environ, start_response)
        return started[0], started[1], body

    def _stream(
        self, exchange: Exchange, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]
    ) -> None:
        """Send an answer while it is made: the thread waits while the client has not read."""
        sized = any(name.lower() == "content-length" for name, _value in headers)
        chunked = not sized and exchange.environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        exchange.keep = exchange.keep and (sized or chunked)
        exchange.room = threading.Event()
        extra = [] if sized or not chunked else [("Transfer-Encoding", "chunked")]
        if not self._put(exchange, exchange.begin, _head(exchange, status, headers + extra)):
            return
        if not exchange.bodiless:
            for piece in _pieces(body) if sized else body:
                data = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                if piece and not self._put(exchange, exchange.put, data):
                    return
        self._tell(exchange.end, b"0\r\n\r\n" if chunked and not exchange.bodiless else b"")

    def _put(self, exchange: Exchange, put: Callable[[bytes], None], data: bytes) -> bool:
        exchange.room.clear()
        self._tell(put, data)
        if not exchange.room.wait(STALLED) or exchange.gone:
            self._tell(exchange.cut)
            return False
        return True

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        """Let the loop call something. What several threads say together wakes it once."""
        self._told.append((call, args))
        if not self._woken:
            self._woken = True
            assert self._loop is not None  # noqa: S101 - threads are started by the loop
            self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        # Before reading: whoever tells something from now on wakes the loop again.
        self._woken = False
        while self._told:
            call, args = self._told.popleft()
            try:
                call(*args)
            except Exception:
                logger.exception("An answer was not sent")


def _whole(exchange: Exchange, status: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    if status[:3] in ("204", "304"):
        return _head(exchange, status, [pair for pair in headers if pair[0] != "Content-Length"])
    if not any(name == "Content-Length" for name, _value in headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    head = _head(exchange, status, headers)
    return head if exchange.bodiless else head + body


def _head(exchange: Exchange, status: str, headers: list[tuple[str, str]]) -> bytes:
    """Return the head of an answer. Raises `ValueError` for what would end a line early."""
    exchange.status = status[:3]
    if exchange.pages.stopping or not exchange.keep:
        exchange.keep = False
        headers = [*headers, ("Connection", "close")]
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = f"HTTP/1.1 {status}\r\n{_ours(int(time.time()))}{''.join(lines)}\r\n"
    if text.count("\r") != len(lines) + 4 or text.count("\n") != len(lines) + 4 or "\0" in text:
        raise ValueError("a header has more than one line")
    return text.encode("latin1")


@lru_cache(maxsize=1)
def _ours(now: int) -> str:
    return f"Server: {SERVER}\r\nDate: {formatdate(now, usegmt=True)}\r\n"


def _plain(exchange: Exchange, status: str, *headers: tuple[str, str]) -> bytes:
    text = ("Content-Type", "text/plain; charset=utf-8")
    named = (request_ids.HEADER, exchange.request_id)
    ours = [text, ("Cache-Control", "no-store"), named, *BARE.items()]
    return _whole(exchange, status, [*ours, *headers], status[4:].encode())


def _pieces(body: Iterable[bytes]) -> Iterable[bytes]:
    """Put small pieces together: each is a way to the loop and back."""
    gathered = bytearray()
    for piece in body:
        gathered += piece
        if len(gathered) >= PIECE:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)
