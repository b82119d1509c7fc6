"""Collected files leave compressed, and browsers keep them for ever under their hashed names."""

import gzip
import http.client
import json

import brotli
import pytest

from chatscape.testing.server import Server


@pytest.fixture(scope="module")
def running():
    with Server() as server:
        yield server.start()


@pytest.fixture(scope="module")
def script(running):
    names = json.loads((running.var / "static" / "staticfiles.json").read_text())["paths"]
    return f"/static/{names['js/app.js']}"


@pytest.fixture
def ask(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)

    def ask(path, method="GET", **headers):
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    yield ask
    connection.close()


def test_a_hashed_name_is_kept_for_ever(ask, script):
    status, headers, body = ask(script)

    assert status == 200
    assert "immutable" in headers["Cache-Control"]
    assert "max-age=315360000" in headers["Cache-Control"]
    assert headers["Content-Type"].startswith("text/javascript")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert int(headers["Content-Length"]) == len(body)


def test_other_names_are_asked_for_again(ask):
    status, headers, _body = ask("/static/js/app.js")

    assert status == 200
    assert "immutable" not in headers["Cache-Control"]


@pytest.mark.parametrize(("accepted", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_it_is_sent_compressed(ask, script, accepted, unpack):
    plain = ask(script)[2]

    _status, headers, body = ask(script, Accept_Encoding=accepted)

    assert headers["Content-Encoding"] == accepted
    assert "Accept-Encoding" in headers["Vary"]
    assert len(body) < len(plain)
    assert unpack(body) == plain


def test_what_the_browser_has_is_not_sent_again(ask, script):
    headers = ask("/static/js/app.js")[1]

    status, _headers, body = ask("/static/js/app.js", If_Modified_Since=headers["Last-Modified"])

    assert (status, body) == (304, b"")
    assert ask(script)[0] == 200


def test_head_and_parts_are_answered(ask, script):
    body = ask(script)[2]

    status, headers, nothing = ask(script, "HEAD")
    assert (status, int(headers["Content-Length"]), nothing) == (200, len(body), b"")
    status, headers, part = ask(script, Range="bytes=2-5")
    assert (status, headers["Content-Range"], part) == (206, f"bytes 2-5/{len(body)}", body[2:6])
    assert ask(script, Range=f"bytes={len(body)}-")[0] == 416


def test_nothing_else_is_a_file(ask):
    for path in ("/static/", "/static/nothing.js", "/static/../secret_key", "/static/%2e%2e/secret_key"):
        status, _headers, body = ask(path)
        assert status == 404
        assert b"There is nothing here" in body


def test_a_file_cannot_be_written(ask, script):
    assert ask(script, "POST")[0] == 405
    assert ask(script)[0] == 200


# Closing an answer looks after the connection that another test may have left.
@pytest.mark.django_db
def test_before_files_are_collected_they_are_served_from_where_they_lie(client):
    answer = client.get("/static/css/base.css")

    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, "text/css")
    assert b"{" in b"".join(answer.streaming_content)
    answer.close()
