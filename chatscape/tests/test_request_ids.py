"""Every answer has an id, of its own or of our proxy; lines of the log name it (OP10)."""

import json
import logging
import re
import socket

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as some

from chatscape.request_ids import current, id_for
from chatscape.testing.processes import wait_until
from chatscape.testing.server import Server
from chatscape.tests.test_health import LIVE, READY

GOOD = re.compile(r"[A-Za-z0-9._-]{1,64}")
MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def behind_proxy(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


def test_each_answer_has_an_id_of_its_own(client):
    ids = {client.get("/offline/")["X-Request-ID"] for _time in range(5)}

    assert len(ids) == 5
    assert all(map(MADE.fullmatch, ids))


def test_an_id_is_taken_from_our_proxy(client, behind_proxy):
    for good in ("abc-123_XYZ", "1", "a.b", "x" * 64):
        assert client.get("/offline/", HTTP_X_REQUEST_ID=good)["X-Request-ID"] == good


def test_an_id_of_anybody_else_is_not_taken(client):
    assert MADE.fullmatch(client.get("/offline/", HTTP_X_REQUEST_ID="abc-123")["X-Request-ID"])


@given(value=some.one_of(some.text(max_size=80), some.from_regex(GOOD, fullmatch=True)))
def test_whatever_is_given_the_id_is_one(value):
    from django.test import override_settings

    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        found = id_for(value)

    assert found == value if GOOD.fullmatch(value) else MADE.fullmatch(found)


@pytest.mark.django_db
def test_every_kind_of_answer_of_a_view_has_one(client, monkeypatch):
    for path in (LIVE, READY, "/", "/nowhere/", "/metrics", "/accounts/login/", "/admin/", "/sw.js"):
        assert MADE.fullmatch(client.get(path)["X-Request-ID"]), path
    assert MADE.fullmatch(client.get("/", HTTP_HOST="evil.example.org")["X-Request-ID"])
    assert MADE.fullmatch(Client(enforce_csrf_checks=True).post("/accounts/login/", {})["X-Request-ID"])


@pytest.mark.parametrize("headers", [{}, {"HTTP_ACCEPT": "application/json"}], ids=["page", "json"])
def test_who_meets_an_error_can_name_it_and_the_log_has_it(monkeypatch, caplog, headers):
    def bug(*_what):
        logging.getLogger("chat").error("before the bug: %s", current.get())
        raise RuntimeError("a bug")

    monkeypatch.setattr("chat.views.inbox.first_run", bug)

    response = Client(raise_request_exception=False).get("/", **headers)

    named = response["X-Request-ID"]
    assert response.status_code == 500
    assert (named in response.text) == (not headers)
    assert f"before the bug: {named}" in caplog.text
    assert not current.get()


@pytest.mark.django_db
def test_pages_of_refusals_do_not_show_it(client):
    response = client.get("/nowhere/")

    assert response["X-Request-ID"] not in response.text


@pytest.fixture(scope="module")
def logging_server():
    with Server({"LOG_FORMAT": "json", "TRUSTED_PROXIES": "1"}) as server:
        yield server.start()


def statuses(server, named):
    # The last line may be half written.
    lines = [json.loads(line) for line in server.log.read_text().split("\n")[:-1]]
    return [line["status"] for line in lines if line.get("request_id") == named and "status" in line]


def raw(port, request):
    """Return the status and the id of an answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request.replace(b"HOST", b"127.0.0.1:%d" % port))
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(65536)):
            head += more
    text = head.decode("latin1").partition("\r\n\r\n")[0]
    return int(text.split()[1]), re.findall(r"(?i)^x-request-id: (.*)$", text.replace("\r", ""), re.MULTILINE)


SHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize(
    ("status", "line", "headers"),
    [
        (200, b"GET / HTTP/1.1", b""),
        (200, b"HEAD / HTTP/1.1", b""),
        (200, b"GET /health/live HTTP/1.1", b""),
        (200, b"GET /health/ready HTTP/1.1", b""),
        (200, b"GET /static/icons/favicon.svg HTTP/1.1", b""),
        (404, b"GET /nowhere HTTP/1.1", b""),
        (404, b"GET /metrics HTTP/1.1", b""),
        (403, b"PUT /offline/ HTTP/1.1", b""),
        (403, b"POST /accounts/login/ HTTP/1.1", b"Content-Length: 0\r\n"),
        (403, b"GET /ws/ HTTP/1.1", SHAKE),
        (400, b"GET /ws/ HTTP/1.1", SHAKE.replace(b"13", b"what")),
    ],
)
def test_every_kind_of_answer_of_the_server_has_it_once(logging_server, status, line, headers):
    named = b"proxy." + str(abs(hash((status, line, headers)))).encode()
    host = b"\r\nHost: HOST\r\nX-Request-ID: " + named + b"\r\n"

    found = raw(logging_server.port, line + host + headers + b"\r\n")

    if status == 400:
        # It was no request: nobody has read what it names.
        assert found[0] == 400
        assert len(found[1]) == 1
    else:
        assert found == (status, [named.decode()])
        if not line.split()[1].startswith(b"/health/"):
            # Noted when the answer is on its way.
            wait_until(lambda: statuses(logging_server, named.decode()) == [status], why="its line")


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, b"GET nowhere HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        (400, b"what is this\r\n\r\n"),
        (413, b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999\r\n\r\n"),
    ],
)
def test_what_is_no_request_has_one_too(logging_server, status, request_):
    found, [named] = raw(logging_server.port, request_)

    assert found == status
    assert MADE.fullmatch(named)


@pytest.mark.parametrize("value", [b"a b", b"a\tb", b"x" * 65, b"\xff", b"a,b", b"{}", b'"', b"", b"%0d%0a"])
def test_what_is_no_id_is_not_repeated(logging_server, value):
    _status, [named] = raw(
        logging_server.port, b"GET /offline/ HTTP/1.1\r\nHost: HOST\r\nX-Request-ID: " + value + b"\r\n\r\n"
    )

    assert MADE.fullmatch(named)
