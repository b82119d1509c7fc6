"""Requests arrive in whatever way clients send them, and each gets its own answer, in order."""

import contextlib
import json
import os
import select
import socket
import sys
import tempfile
import time
from pathlib import Path

import pytest

from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, free_port


class OddServer(Process):
    name = "odd"

    def __init__(self):
        super().__init__(Path(tempfile.mkdtemp(prefix="chatscape-")))
        self.port = free_port()

    def environment(self):
        own = {"CHATSCAPE_VAR": str(self.folder / "var"), "DJANGO_SETTINGS_MODULE": "chatscape.settings"}
        return {**clean(os.environ), **own}

    def working_folder(self):
        return ROOT

    def command(self):
        return [sys.executable, "-m", "chatscape.tests.odd_server", str(self.port)]

    def ready(self):
        try:
            client = Client(self.port)
        except OSError:
            return False
        return client.get("/quick")[0] == 200


opened = []


class Client:
    """A connection that sends exactly what it is told to."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        opened.append(self)

    def send(self, *lines, body=b""):
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin1") + body)
        return self

    def get(self, path, *lines, method="GET", version="1.1", body=b""):
        self.send(f"{method} {path} HTTP/{version}", "Host: x", *lines, body=body)
        return self.answer(bodiless=method == "HEAD")

    def echo(self, path, *lines, **options):
        status, _headers, body = self.get(path, *lines, **options)
        assert status == 200, body
        return json.loads(body)

    def answer(self, *, bodiless=False):
        """Return the status, the headers in lower case, and the body of the next answer."""
        first = self.file.readline()
        if not first:
            raise ConnectionError
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode("latin1").partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        status = int(first.split()[1])
        if bodiless or status in (100, 204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                assert self.file.read(2) == b"\r\n"
            self.file.readline()
        elif "content-length" in headers:
            body = self.file.read(int(headers["content-length"]))
        else:
            body = self.file.read()
        return status, headers, body

    def is_cut(self):
        """Wait until the kernel says that the other side has given up, without reading."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            # TCP_INFO begins with the state: ESTABLISHED is 1.
            if self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x01":
                return True
            time.sleep(0.05)
        return False

    def is_closed(self):
        """Wait for the other side to close, whatever it says before."""
        with contextlib.suppress(ConnectionError):
            self.file.read()
        return True


@pytest.fixture(scope="module")
def odd():
    with OddServer() as server:
        yield server.start()


@pytest.fixture(autouse=True)
def _close():
    yield
    while opened:
        client = opened.pop()
        client.file.close()
        client.socket.close()


@pytest.fixture
def client(odd):
    return Client(odd.port)


def test_what_a_client_says_arrives(client):
    seen = client.echo("/a%20b/%C3%A9%FF?q=%20&x", "X-One: 1", "Cookie: a=b", "Cookie: c=d", "X-One: 2 ")

    assert seen["PATH_INFO"].encode("latin1") == b"/a b/\xc3\xa9\xff"
    assert (seen["QUERY_STRING"], seen["REQUEST_METHOD"]) == ("q=%20&x", "GET")
    assert (seen["HTTP_X_ONE"], seen["HTTP_COOKIE"]) == ("1,2", "a=b; c=d")
    assert (seen["REMOTE_ADDR"], seen["SERVER_PROTOCOL"]) == ("127.0.0.1", "HTTP/1.1")


def test_a_connection_carries_one_request_after_the_other(client):
    for number in range(3):
        assert client.echo(f"/{number}")["PATH_INFO"] == f"/{number}"
    status, headers, _body = client.get("/", "Connection: close")
    assert (status, headers["connection"]) == (200, "close")
    assert client.is_closed()


def test_an_old_client_gets_its_answer_and_is_left(client):
    status, headers, body = client.get("/pieces", version="1.0")
    assert (status, headers["connection"], body) == (200, "close", b"a" * 10 + b"b" * 20)


def test_a_form_may_come_in_one_piece_or_in_many(client):
    body = b"a=" + b"x" * 5_000
    for cut in (0, 10, 2_000):
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        data = head + body
        for part in (data[:cut], data[cut:]) if cut else (data,):
            client.socket.sendall(part)
            if cut:
                # The kernel would put both pieces together again.
                time.sleep(0.05)
        assert json.loads(client.answer()[2])["body"].encode() == body


def test_a_form_may_come_in_chunks(client):
    chunks = b"4\r\na=bc\r\n3\r\n&d=\r\n0\r\n\r\n"
    seen = client.echo("/", "Transfer-Encoding: chunked", method="POST", body=chunks)
    assert (seen["body"], seen["CONTENT_LENGTH"]) == ("a=bc&d=", "7")
    assert client.echo("/next")["PATH_INFO"] == "/next"


def test_a_client_may_ask_before_it_sends(client):
    client.send("POST / HTTP/1.1", "Host: x", "Content-Length: 3", "Expect: 100-continue")
    assert client.answer()[0] == 100
    client.socket.sendall(b"a=b")
    assert json.loads(client.answer()[2])["body"] == "a=b"


def test_head_has_the_headers_of_get_and_no_body(client):
    _status, headers, _body = client.get("/pieces", method="HEAD")
    assert "content-length" not in headers
    size = len(client.get("/same")[2])
    assert abs(int(client.get("/same", method="HEAD")[1]["content-length"]) - size) == 1
    assert client.get("/next")[0] == 200


def test_pipelined_requests_are_answered_in_order(client):
    paths = ["/slow?0.3", "/quick", "/1", "/slow?0.1", "/quick", "/pieces", "/2"]
    data = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
    client.socket.sendall(data.encode() * 3)
    for _time in range(3):
        for path in paths:
            body = client.answer()[2]
            assert body[:1] == b"a" if path == "/pieces" else json.loads(body)["PATH_INFO"] in path


def test_many_quick_answers_in_one_go(client):
    client.socket.sendall(b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n" * 1_500)
    for _time in range(1_500):
        assert client.answer()[0] == 200


def test_an_answer_without_a_length_comes_in_chunks(client):
    status, headers, body = client.get("/pieces")
    assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"a" * 10 + b"b" * 20)
    _status, headers, body = client.get("/sized")
    assert (headers["content-length"], body) == ("30", b"a" * 10 + b"b" * 20)
    assert "transfer-encoding" not in headers


def test_an_empty_answer_has_no_length(client):
    status, headers, _body = client.get("/empty")
    assert status == 204
    assert "content-length" not in headers
    assert client.get("/")[0] == 200


def test_every_answer_says_when_and_by_whom(client):
    headers = client.get("/")[1]
    assert headers["server"] == "ChatScape"
    assert headers["date"].endswith(" GMT")


def test_a_large_answer_arrives_whole(client):
    assert client.get("/big")[2] == b"x" * 20_000_000
    assert client.get("/")[0] == 200


def test_a_header_with_two_lines_is_no_answer(client, odd):
    client.send("GET /inject HTTP/1.1", "Host: x")
    assert client.is_closed()
    assert "more than one line" in odd.last_words()


def test_a_bug_is_noted_and_ends_the_connection(client, odd):
    client.send("GET /broken HTTP/1.1", "Host: x")
    assert client.is_closed()
    assert "a bug" in odd.last_words()
    assert Client(odd.port).get("/")[0] == 200


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/1.1", "Host: x", "X Y: 1"],
        ["GET / HTTP/1.1", "Host: x", "X-Y: a\x0bb"],
        ["GET / HTTP/1.1", "Host: x", "X-Y: a\x00b"],
        ["GET /\xe9 HTTP/1.1", "Host: x"],
        ["GET"],
        ["POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2"],
        ["POST / HTTP/1.1", "Host: x", "Content-Length: +1"],
        ["POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Transfer-Encoding: chunked"],
        ["POST / HTTP/1.1", "Host: x", "Transfer-Encoding: gzip"],
        ["GET / HTTP/1.1", "X: " + "y" * 20_000],
    ],
)
def test_what_is_no_request_is_refused(client, lines):
    client.send(*lines)
    try:
        status = client.answer()[0]
    except ConnectionError:
        return
    assert status == 400
    assert client.is_closed()


def test_a_header_that_another_could_be_taken_for_is_left_out(client):
    seen = client.echo("/", "X_Forwarded_Proto: https", "X-Real: 1", "Daphne-Root-Path: /evil")
    assert "HTTP_X_FORWARDED_PROTO" not in seen
    assert (seen["HTTP_X_REAL"], seen["SCRIPT_NAME"]) == ("1", "")


@pytest.mark.parametrize("how", ["Content-Length: 200000", "Transfer-Encoding: chunked"])
def test_nobody_fills_the_disk(client, how):
    client.send("POST / HTTP/1.1", "Host: x", how)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    try:
        for _time in range(4):
            client.socket.sendall(chunk)
        assert client.answer()[0] == 413
    except ConnectionError:
        # Cut while we were sending.
        pass
    assert client.is_closed()


def test_half_a_request_holds_no_thread(odd):
    halves = [Client(odd.port) for _number in range(10)]
    for half in halves:
        half.socket.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert Client(odd.port).get("/")[0] == 200
    # They are sent away after a while.
    assert all(half.is_closed() for half in halves)


def test_an_idle_connection_is_closed(client):
    client.get("/")
    assert client.is_closed()


@pytest.mark.parametrize("path", ["/big", "/endless"])
def test_who_reads_nothing_holds_no_thread_for_ever(odd, path):
    lazy = [Client(odd.port) for _number in range(4)]
    for client in lazy:
        client.send(f"GET {path} HTTP/1.1", "Host: x")
    assert Client(odd.port).get("/")[0] == 200
    # Nor is what nobody reads kept in memory.
    for client in lazy:
        assert client.is_cut()


def test_an_endless_answer_is_made_as_it_is_read(odd):
    reader = Client(odd.port)
    before = int(reader.get("/made")[2])
    reader.send("GET /endless HTTP/1.1", "Host: x")
    reader.file.read(1_000_000)
    time.sleep(0.2)
    made = int(Client(odd.port).get("/made")[2]) - before
    # The kernel's buffers on both sides, and one piece.
    assert 10 <= made < 200
    reader.socket.close()
    assert Client(odd.port).get("/")[0] == 200


def test_who_leaves_before_the_answer_is_no_harm(odd):
    for _time in range(5):
        leaving = Client(odd.port)
        leaving.send("GET /slow?0.05 HTTP/1.1", "Host: x")
        leaving.socket.close()
    assert Client(odd.port).get("/")[0] == 200


def test_who_waits_for_something_lets_others_work(odd):
    waiting = [Client(odd.port) for _number in range(3)]
    for client in waiting:
        client.send("GET /wait HTTP/1.1", "Host: x")
    # As many as work at a time wait for this one.
    assert Client(odd.port).get("/open")[0] == 200
    for client in waiting:
        assert client.answer()[0] == 200


def test_a_crowd_is_answered_to_the_last(odd):
    crowd = [Client(odd.port) for _number in range(60)]
    for _time in range(3):
        for number, client in enumerate(crowd):
            client.send(f"GET /{number} HTTP/1.1", "Host: x")
        for number, client in enumerate(crowd):
            assert json.loads(client.answer()[2])["PATH_INFO"] == f"/{number}"


def test_what_is_quick_needs_no_thread(odd):
    slow = [Client(odd.port) for _number in range(8)]
    for client in slow:
        client.send("GET /slow?0.5 HTTP/1.1", "Host: x")
    assert Client(odd.port).get("/quick")[0] == 200
    assert select.select([client.socket for client in slow], [], [], 0)[0] == []
    for client in slow:
        assert client.answer()[0] == 200
