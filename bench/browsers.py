"""Many browsers asking one server over a kept connection each, by one thread, with every answer checked."""

import contextlib
import select
import socket
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from bench.machine import Effort, meter

READ_MOST = 256 * 1024
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers with lower-case names, and body."""

    status: int
    headers: dict[str, str]
    body: bytes


# What a browser does: it yields requests and is sent their answers.
Visit = Generator[bytes, Answer, None]


@dataclass
class Figures:
    """What a measurement found. `latencies` are in seconds, sorted; `size` is the mean of the bodies."""

    latencies: list[float] = field(default_factory=list)
    effort: Effort = field(default_factory=Effort)
    received: int = 0
    unchanged: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            sorted(self.latencies + other.latencies),
            self.effort + other.effort,
            self.received + other.received,
            self.unchanged + other.unchanged,
        )

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.effort.seconds

    @property
    def cost(self) -> float:
        """Processor time of the server for an answer, in microseconds."""
        return self.effort.server / len(self.latencies) * 1e6

    @property
    def size(self) -> float:
        """Bytes of an answer's body, on average."""
        return self.received / len(self.latencies)

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return self.latencies[int(len(self.latencies) * share)] * 1000


class Browser:
    """One connection on which one visit goes on."""

    def __init__(self, port: int, visit: Visit, *, counts: bool = True, pause: float = 0.0) -> None:
        self.visit, self.counts, self.pause = visit, counts, pause
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = 0.0
        self.next = 0.0
        self.received = b""
        self.answer: Answer | None = None

    def ask(self) -> None:
        """Send the next request, which knows the last answer."""
        request = next(self.visit) if self.answer is None else self.visit.send(self.answer)
        self.asked = time.perf_counter()
        self.next = self.asked + self.pause
        self.socket.sendall(request)

    def read(self) -> Answer | None:
        """Return the answer, when it has come as a whole."""
        data = self.socket.recv(READ_MOST)
        if not data:
            raise AssertionError("A connection was closed instead of kept")
        self.received += data
        answer, self.received = parse(self.received)
        if answer is not None:
            self.answer = answer
        return answer


def browse(
    port: int,
    pid: int,
    visits: Sequence[Visit],
    seconds: float,
    beside: Sequence[tuple[Visit, float]] = (),
) -> Figures:
    """Let every visit ask as fast as it is answered, for some seconds.

    Those `beside` ask once in so many seconds, and are not counted. What is wrong with an answer is
    the visit's to say: it raises `AssertionError`.
    """
    with contextlib.ExitStack() as stack:
        browsers = [Browser(port, visit) for visit in visits]
        browsers += [Browser(port, visit, counts=False, pause=pause) for visit, pause in beside]
        for browser in browsers:
            stack.enter_context(browser.socket)
        poll = stack.enter_context(select.epoll())
        return _browse(poll, {browser.socket.fileno(): browser for browser in browsers}, pid, seconds)


def _browse(poll: select.epoll, browsers: dict[int, Browser], pid: int, seconds: float) -> Figures:
    figures, spent = Figures(), meter(pid)
    now = time.perf_counter()
    until, busy = now + seconds, len(browsers)
    # Those that wait for their time to ask again.
    waiting: list[Browser] = []
    for fd, browser in browsers.items():
        poll.register(fd, select.EPOLLIN)
        browser.ask()
    while busy:
        if now > until + PATIENCE:
            raise TimeoutError(f"{busy} answers did not come")
        for fd, _mask in poll.poll(0.01 if waiting else 1):
            browser = browsers[fd]
            answer = browser.read()
            if answer is None:
                continue
            now = time.perf_counter()
            if browser.counts:
                figures.latencies.append(now - browser.asked)
                figures.received += len(answer.body)
                figures.unchanged += answer.status == 304
            if browser.pause or now > until:
                waiting.append(browser)
            else:
                browser.ask()
        now = time.perf_counter()
        for browser in [browser for browser in waiting if now > until or now >= browser.next]:
            waiting.remove(browser)
            if now > until:
                busy -= 1
                finish(browser)
            else:
                browser.ask()
    figures.effort = spent()
    figures.latencies.sort()
    return figures


def finish(browser: Browser) -> None:
    """Let a visit check its last answer."""
    if browser.answer is not None:
        browser.visit.send(browser.answer)
    browser.visit.close()


def request(path: str, port: int, cookie: str, *headers: str, form: str | None = None) -> bytes:
    """Return a request as a browser sends it; with `form`, a POST."""
    lines = [
        f"{'GET' if form is None else 'POST'} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Cookie: {cookie}",
        *headers,
    ]
    body = (form or "").encode()
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def parse(data: bytes) -> tuple[Answer | None, bytes]:
    """Return the answer that `data` begins with and the rest, or None when there is more to come."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None, data
    first, *lines = head.decode("latin1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    status = int(first.split(" ", 2)[1])
    if headers.get("transfer-encoding") == "chunked":
        body, left = _chunks(rest)
    elif status in (204, 304):
        body, left = b"", rest
    else:
        size = int(headers["content-length"])
        body, left = (rest[:size], rest[size:]) if len(rest) >= size else (None, b"")
    return (None, data) if body is None else (Answer(status, headers, body), left)


def _chunks(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the body that was sent in chunks and the rest, or None when there is more to come."""
    parts: list[bytes] = []
    while True:
        line, end, rest = data.partition(b"\r\n")
        if not end:
            return None, b""
        size = int(line.partition(b";")[0], 16)
        if len(rest) < size + 2:
            return None, b""
        if size == 0:
            return b"".join(parts), rest[2:]
        parts.append(rest[:size])
        data = rest[size + 2 :]
