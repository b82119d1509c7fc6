"""The short way of reading a request finds what Twisted's long way finds, or leaves it alone."""

import re
from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as some
from twisted.internet.testing import StringTransport

from chatscape import request_ids
from chatscape.connection import Connection, Request, read

PATHS = some.text("/abz09-_.~%20%c3%A9?&=+;:@!$'()*,[]|^{}\"<>\\", max_size=30)
NAMES = some.sampled_from(
    [
        *(
            "Host",
            "Cookie",
            "cookie",
            "X-Forwarded-For",
            "Accept",
            "Content-Type",
            "X-Y",
            "x_y",
            "Connection",
        ),
        *("Upgrade", "Expect", "Transfer-Encoding", "TE", "Daphne-Root-Path", "A b", "", "X\x00"),
    ]
)
VALUES = some.one_of(
    some.sampled_from(["keep-alive", "close", "Close, x", "websocket", "chunked", "100-continue", "h2c"]),
    some.text(some.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
)
HEADERS = some.lists(some.tuples(NAMES, some.sampled_from([":", ": ", ":\t", " :", ""]), VALUES), max_size=8)


class Server:
    """What connections and requests want of Daphne's server, and a note of what would be answered."""

    def __init__(self):
        self.connections, self.asked = {}, []
        self.pages = SimpleNamespace(accept=self.asked.append)

    def protocol_connected(self, protocol):
        self.connections[protocol] = {}

    protocol_disconnected = basic_error = lambda *_what: None


def heard(*pieces):
    """Return what pages would be asked for, with its body, and what was answered without them."""
    server, connection = Server(), Connection()
    connection.factory = SimpleNamespace(server=server, pages=server.pages, connections=set())
    connection.requestFactory, connection.timeOut = Request, None
    connection.makeConnection(StringTransport())
    for piece in pieces:
        connection.dataReceived(piece)
    found = [
        {
            # Each has an id of its own.
            **{key: value for key, value in exchange.environ.items() if key != request_ids.KEY},
            "wsgi.input": exchange.environ["wsgi.input"].read(),
            "keep": exchange.keep and connection.persistent,
        }
        for exchange in server.asked
    ]
    return found, re.sub(rb"X-Request-ID: \w+", b"", connection.transport.value())


@given(
    method=some.sampled_from(["GET", "HEAD", "POST", "PUT", "get", ""]),
    path=PATHS.map("/{}".format),
    version=some.sampled_from(["1.1", "1.1", "1.1", "1.0", "1", "2.0"]),
    headers=HEADERS,
    body=some.binary(max_size=40),
    length=some.sampled_from([None, 0, 0, 1, -1]),
)
@example(method="POST", path="/a", version="1.1", headers=[], body=b"a=b", length=0)
@example(method="GET", path="/a", version="1.1", headers=[], body=b"GET /b HTTP/1.1\r\n\r\n", length=None)
def test_both_ways_find_the_same(method, path, version, headers, body, length):
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}{colon}{value}" for name, colon, value in headers)]
    if length is not None:
        lines.append(f"Content-Length: {len(body) + length}")
    data = "\r\n".join([*lines, "", ""]).encode("latin1") + body
    if read(data) is None:
        return

    # Its first letter alone makes Twisted read it.
    assert heard(data) == heard(data[:1], data[1:])
    assert len(heard(data)[0]) == 1


def test_common_requests_take_the_short_way():
    browser = (
        b"GET /rooms/?q=a HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: keep-alive\r\n"
        b'sec-ch-ua: "Chromium";v="130"\r\nAccept: text/html,*/*;q=0.8\r\nCookie: a=b; c=d\r\n\r\n'
    )
    form = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\na=b"
    assert read(browser)["HTTP_ACCEPT"] == "text/html,*/*;q=0.8"
    assert read(form)["wsgi.input"].read() == b"a=b"


def test_uncommon_requests_do_not():
    for line in (
        *(b"Upgrade: websocket", b"Expect: 100-continue", b"Transfer-Encoding: chunked", b"TE: trailers"),
        *(b"Content-Length: 1", b"Content-Length: 0\r\nContent-Length: 0", b" folded", b"X_Y: 1", b"X: \x85"),
        *(b"Connection: close, x", b"X: a\nY: b", b"X: a\rb", b"X : a"),
    ):
        assert read(b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n") is None, line
    for first in (b"GET / HTTP/1.0", b"get / HTTP/1.1", b"GET  / HTTP/1.1", b"GET http://x/ HTTP/1.1"):
        assert read(first + b"\r\nHost: x\r\n\r\n") is None
    assert read(b"GET / HTTP/1.1\r\nHost: x\r\n") is None
    assert read(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET") is None


def test_names_of_headers_are_not_collected_without_end():
    from chatscape import connection

    for number in range(1_000):
        read(b"GET / HTTP/1.1\r\nX-%d: 1\r\n\r\n" % number)
    assert len(connection._NAMES) <= 200
