"""Ask an address something, and remember when."""

import contextlib
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from chatscape.doctor import clocks
from chatscape.doctor.findings import Finding

SECONDS = 5.0
MOST = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back, with our time before and after."""

    status: int
    headers: Message
    body: bytes
    before: float
    after: float

    def clock(self, name: str) -> Finding | None:
        return clocks.from_header(name, self.headers.get("Date"), self.before, self.after)


def ask(url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
    """GET an address once; redirections are not followed. Raises `OSError`, `HTTPException`."""
    parts = urlsplit(url)
    with connected(url) as connection:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        before = clocks.now()
        connection.request("GET", target, headers={"User-Agent": "ChatScape doctor", **(headers or {})})
        answer = connection.getresponse()
        after = clocks.now()
        # A socket that was opened has no end.
        body = b"" if answer.status == http.client.SWITCHING_PROTOCOLS else answer.read(MOST)
        return Answer(answer.status, answer.headers, body, before, after)


@contextlib.contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def why(problem: Exception) -> str:
    """Say in plain words why something could not be reached."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return "it does not speak TLS as expected"
    if isinstance(problem, socket.gaierror):
        return "its name is not known (DNS)"
    if isinstance(problem, TimeoutError):
        return "it does not answer in time"
    if isinstance(problem, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return str(problem).partition("\n")[0] or type(problem).__name__


def is_this_machine(host: str) -> bool:
    """Say whether a host is this machine. A name is not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")
