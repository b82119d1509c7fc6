"""The HTTP side of a connection: Twisted's, with a short way for the requests that are most of all."""

import re
import sys
import time
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.utils import HEADER_NAME_RE, INVALID_HEADER_VALUE_BYTES
from twisted.internet import tcp
from twisted.web.http import HTTPChannel

from chatscape import request_ids
from chatscape.accesses import NOWHERE, noted
from chatscape.headers import BARE
from chatscape.pages import Environ, Exchange, Pages

# A connection on which nothing happens is closed after this time (seconds), or after `KEEP_ALIVE_SECONDS`.
IDLE = 60.0
SWEEP = 5.0
# What a request may bring along.
BODY_MOST = 10 * 1024 * 1024
HEAD_MOST = HTTPChannel.totalHeadersSize

_REQUEST_LINE = re.compile(rb"(GET|HEAD|POST) (/[!-~]*) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+\-.^`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\x84\x86-\xff]*)")
# What changes how the rest is to be read: Twisted reads those requests.
_LEFT_TO_TWISTED = frozenset((b"upgrade", b"transfer-encoding", b"expect", b"te", b"trailer"))
_NAMES: dict[bytes, str] = {}
# Twisted's types say less than the truth.
_Channel: Any = HTTPChannel


class Connection(_Channel):
    """Reads requests and writes answers.

    A request that has arrived in one piece and has nothing uncommon in it is read here, in a fraction of the
    time; all others, half ones, pipelined ones, upgrades, by Twisted and Daphne.
    """

    factory: "Factory"

    @property
    def _channel(self) -> "Connection":
        """As of Twisted's wrapper, which is for HTTP/2."""
        return self

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        super().connectionMade()
        self.active = time.monotonic()
        self._unread = 0
        self._held: Exchange | None = None
        peer, host = self.transport.getPeer(), self.transport.getHost()
        self.ends = {
            "REMOTE_ADDR": str(getattr(peer, "host", "")),
            "REMOTE_PORT": str(getattr(peer, "port", 0)),
            "SERVER_NAME": str(getattr(host, "host", "localhost")),
            "SERVER_PORT": str(getattr(host, "port", 80)),
        }
        self._plain = isinstance(self.transport, tcp.Connection)
        self.factory.connections.add(self)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        self.factory.connections.discard(self)
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.active = time.monotonic()
        # Twisted's own variables say whether it is between two requests and has nothing left to read.
        if (
            self.line_mode
            and self._HTTPChannel__first_line == 1
            and not self._buffer
            and not self._busyReceiving
            and (environ := read(data)) is not None
        ):
            self.persistent = 1
            self._handlingRequest = True
            # What comes now waits for the answer to this one.
            self.setRawMode()
            self.start(environ, keep=environ.get("HTTP_CONNECTION", "").lower() != "close")
        else:
            super().dataReceived(data)

    def start(self, environ: Environ, *, keep: bool) -> None:
        """Hand over a whole request."""
        environ.update(self.ends)
        environ[request_ids.KEY] = request_ids.id_for(environ.get("HTTP_X_REQUEST_ID"))
        exchange = Exchange(self, environ, keep=keep)
        self.requests[:] = [exchange]
        self.factory.pages.accept(exchange)

    def exchanged(self, exchange: Exchange) -> None:
        """The answer is on its way: read the next request."""
        self.active = time.monotonic()
        self.persistent = int(self.persistent and exchange.keep)
        if self._waitingForTransport:
            # Not before most of the answer has left: one answer at a time is in memory.
            self._held = exchange
        else:
            self.requestDone(exchange)

    def resumeProducing(self) -> None:  # noqa: N802
        super().resumeProducing()
        held, self._held = self._held, None
        if held:
            self.requestDone(held)

    def send(self, data: bytes) -> None:
        """Write at once if nothing waits to be written: the loop need not be asked whether one can."""
        transport = self.transport
        if self._plain and transport.connected and not (transport.dataBuffer or transport._tempDataBuffer):
            try:
                sent = transport.socket.send(data)
            except OSError:
                # Full, or broken: Twisted will find out which.
                sent = 0
            data = data[sent:] if sent else data
        if data:
            transport.write(data)

    def refuse(self, status: str) -> None:
        """Answer what is no request, and hear no more of this client."""
        request_id = request_ids.id_for(None)
        named = {"Content-Length": "0", "Connection": "close", request_ids.HEADER: request_id, **BARE}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.transport.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("ascii"))
        noted(NOWHERE, "OTHER", status[:3], 0.0, request_id)
        self.loseConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802 - Twisted's name
        self.refuse("400 Bad Request")

    def abort(self) -> None:
        self.transport.abortConnection()

    def look(self, now: float) -> None:
        """Close the connection if nothing happens on it."""
        if self._handlingRequest and not self._held:
            return
        unread = len(self.transport.dataBuffer) + self.transport._tempDataLen - self.transport.offset
        if unread != self._unread:
            # Somebody reads a large answer, slowly.
            self._unread, self.active = unread, now
        if now - self.active > IDLE:
            # In an orderly way, and at once if that takes too long.
            self.active = float("inf")
            self.timeoutConnection()


class Request(WebRequest):
    """A request that Twisted has read: taken to be a page, or left to Daphne when it asks for a socket."""

    # Daphne compares and hashes them in Python, for nothing.
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    refused = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        super().gotLength(length)
        if length and length > BODY_MOST:
            self._refuse("413 Content Too Large")

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        if self.content.tell() + len(data) > BODY_MOST:
            self._refuse("413 Content Too Large")
        if not self.refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        # Twisted would read forms and query strings, which Django does.
        self.content.seek(0)
        self.args: dict[bytes, list[bytes]] = {}
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]
        if not self.refused:
            self.process()

    def process(self) -> None:
        """Take a page over; whoever asks for a socket is Daphne's."""
        channel = self.channel
        if self._asks_for_socket():
            channel.factory.connections.discard(channel)
            super().process()
            return
        pairs = []
        for name, values in self.requestHeaders.getAllRawHeaders():
            for value in values:
                if not HEADER_NAME_RE.fullmatch(name) or INVALID_HEADER_VALUE_BYTES.intersection(value):
                    self._refuse("400 Bad Request")
                    return
                # "X_Y" would be taken for "X-Y", which a proxy may have checked (CVE-2015-0219).
                if b"_" not in name:
                    pairs.append((name.lower(), value))
        path, _, query = self.uri.partition(b"?")
        if not (self.uri.isascii() and self.method.isascii() and path.startswith((b"/", b"*", b"http"))):
            self._refuse("400 Bad Request")
            return
        environ = make_environ(self.method, path, query, pairs, self.content)
        environ["SERVER_PROTOCOL"] = self.clientproto.decode("ascii", "replace")
        size = self.content.seek(0, 2)
        self.content.seek(0)
        # A body that came in chunks is whole by now.
        if environ.pop("HTTP_TRANSFER_ENCODING", None) or size:
            environ["CONTENT_LENGTH"] = str(size)
        del self.server.connections[self]
        channel.start(environ, keep=bool(channel.persistent))

    def _asks_for_socket(self) -> bool:
        upgrade = self.requestHeaders.getRawHeaders(b"Upgrade")
        return bool(upgrade) and upgrade[0].lower() == b"websocket"

    def _refuse(self, status: str) -> None:
        """Answer without asking anybody."""
        if not self.refused:
            self.refused = True
            self.channel.refuse(status)


class Factory(HTTPFactory):
    """Makes those connections, and looks after them."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.pages: Pages = server.application.pages
        self.connections: set[Connection] = set()
        # One look at all of them now and then, instead of two timers a request.
        self.timeOut = None
        self._sweeping: Any = None

    def buildProtocol(self, addr: Any) -> Connection:  # noqa: N802
        connection = Connection()
        connection.factory = self
        connection.requestFactory = Request
        connection.callLater = self.reactor.callLater
        connection.timeOut = None
        return connection

    def startFactory(self) -> None:  # noqa: N802
        # Twisted's writes a log of its own.
        self._sweep()

    def stopFactory(self) -> None:  # noqa: N802
        self._sweeping.cancel()

    def _sweep(self) -> None:
        self._sweeping = self.reactor.callLater(SWEEP, self._sweep)
        now = time.monotonic()
        for connection in list(self.connections):
            connection.look(now)


def read(data: bytes) -> Environ | None:
    """Return the request that `data` is, all of it and nothing else; None when it is not a common one."""
    end = data.find(b"\r\n\r\n")
    if not 0 < end < HEAD_MOST:
        return None
    line, *lines = data[:end].split(b"\r\n")
    asked = _REQUEST_LINE.fullmatch(line)
    if asked is None:
        return None
    pairs = []
    length = None
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            return None
        name, value = header[1].lower(), header[2].rstrip(b" \t")
        if name in _LEFT_TO_TWISTED:
            return None
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            return None
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > 6:
                return None
            length = value
        pairs.append((name, value))
    if len(data) != end + 4 + int(length or 0):
        return None
    path, _, query = asked[2].partition(b"?")
    return make_environ(asked[1], path, query, pairs, BytesIO(data[end + 4 :]))


def make_environ(method: bytes, path: bytes, query: bytes, headers: Any, content: Any) -> Environ:
    """Return what WSGI wants to know of a request (PEP 3333)."""
    environ: Environ = {
        "REQUEST_METHOD": method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin1"),
        "QUERY_STRING": query.decode("ascii"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": content,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = _NAMES.get(name) or _name(name)
        if key in environ:
            glue = "; " if key == "HTTP_COOKIE" else ","
            environ[key] += glue + value.decode("latin1")
        else:
            environ[key] = value.decode("latin1")
    return environ


def _name(name: bytes) -> str:
    key = name.decode("ascii").upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    # Clients choose the names: not more of them are kept than a few pages of a dictionary.
    if len(_NAMES) < 200:
        _NAMES[name] = key
    return key
