"""Behind proxies: where they say https, and which side closes a connection that is at rest."""

import http.client
import socket
import time

import pytest

from chatscape.proxy import request_key
from chatscape.tests.test_settings import PRODUCTION, run, settings_of


def test_a_headers_name_becomes_what_django_calls_it():
    assert request_key("X-Viewer-Protocol") == "HTTP_X_VIEWER_PROTOCOL"


@pytest.mark.parametrize("name", ["", "X Y", "X-Proto:", "HTTP_X", "Ä", "-X", "X\n"])
def test_what_is_no_headers_name_is_refused(name):
    with pytest.raises(ValueError):
        request_key(name)


def test_a_bad_name_stops_the_start_and_names_the_variable(tmp_path):
    done = run(tmp_path, "manage.py", "check", **PRODUCTION, FORWARDED_PROTO_HEADER="X Y")

    assert done.returncode != 0
    assert "FORWARDED_PROTO_HEADER: must be the name of a header" in done.stderr


def test_the_header_is_asked_for_https(tmp_path):
    found = settings_of(
        tmp_path, "SECURE_PROXY_SSL_HEADER", **PRODUCTION, FORWARDED_PROTO_HEADER="X-Viewer-Protocol"
    )

    assert found == {"SECURE_PROXY_SSL_HEADER": ["HTTP_X_VIEWER_PROTOCOL", "https"]}


def status(server, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/offline/", headers={"Host": "chat.example.org", **headers})
        return connection.getresponse().status
    finally:
        connection.close()


def test_one_header_alone_says_how_people_came_and_rest_is_as_long_as_configured(serve):
    server = serve(
        {
            "PUBLIC_URL": "https://chat.example.org",
            "FORWARDED_PROTO_HEADER": "X-Viewer-Protocol",
            "KEEP_ALIVE_SECONDS": "1",
        }
    )

    # The balancer says http of what CloudFront sent it by http, and that is not asked.
    assert status(server, **{"X-Viewer-Protocol": "https", "X-Forwarded-Proto": "http"}) == 200
    assert status(server, **{"X-Forwarded-Proto": "https"}) == 301

    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as idle:
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4000).startswith(b"HTTP/1.1 200")
        started = time.monotonic()
        while idle.recv(4000):
            pass
        assert 0.5 < time.monotonic() - started < 19
