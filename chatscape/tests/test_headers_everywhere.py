"""Headers on every answer: of all addresses, refusals, files, and of what no view makes (MO7)."""

import http.client
import re
import socket
from itertools import product

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.test import Client

from chat.errors import RateLimited
from chat.tests.matrix.rows import ROWS, routes
from chat.tests.matrix.test_urls import send
from chat.tests.situations import HTMX, JSON
from chatscape.headers import FORGET, PERMISSIONS, UNKEPT
from chatscape.tests.test_headers import assert_strict

ASKERS = ("visitor", "suspended", "member", "author", "owner")


def assert_safe(response, what):
    try:
        assert_strict(response)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Permissions-Policy"] == PERMISSIONS
        assert response["X-Request-ID"]
        assert re.search("no-cache|no-store", response["Cache-Control"])
        assert "public" not in response["Cache-Control"]
        for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
            assert name not in response
    except (AssertionError, KeyError) as error:
        raise AssertionError(what, response.status_code) from error


@pytest.mark.parametrize("name", ROWS)
def test_every_address_answers_everybody_with_them(it, name):
    for role, headers in product(ASKERS, ({}, HTMX, JSON)):
        row, client = ROWS[name](it.seen_by(role)), it.browser(role)
        for response in (client.get(row.path, **headers), send(client, row, **headers)):
            assert_safe(response, (name, role, headers))
            if row.path.startswith(UNKEPT):
                assert "no-store" in response["Cache-Control"], name


@pytest.mark.parametrize("role", ["visitor", "member", "moderator", "owner"])
def test_every_page_of_the_admin_site_has_them(it, role):
    paths = {
        "/"
        + re.sub(r"\(\?P<app_label>[^)]*\)|<path:object_id>|[\^$]", "chat", route).replace("chatchat", "chat")
        for _name, route in routes()
        if route.startswith("admin/") and "(?P<url>" not in route
    }
    assert len(paths) > 10
    for path in paths:
        assert_safe(it.browser(role).get(path), (role, path))


def _gone(*_what, **_more):
    raise OperationalError("server closed the connection unexpectedly")


def _bug(*_what, **_more):
    raise RuntimeError("a bug")


def _too_often(*_what, **_more):
    raise RateLimited("Too often.", retry_after=7)


@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["page", "htmx", "json"])
@pytest.mark.parametrize(("status", "happens"), [(503, _gone), (500, _bug), (429, _too_often)])
def test_what_goes_wrong_is_told_with_them(it, monkeypatch, status, happens, headers):
    monkeypatch.setattr("chat.views.inbox.inbox", happens)
    client = it.browser("member", raise_request_exception=False)

    response = client.get("/", **headers)

    assert response.status_code == status
    assert_safe(response, status)


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["page", "htmx", "json"])
def test_refusals_have_them(settings, headers):
    client = Client(raise_request_exception=False)
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    found = {
        400: client.post("/accounts/login/", {"a": 1, "b": 2, "c": 3}, **headers),
        403: Client(enforce_csrf_checks=True).post("/accounts/login/", {}, **headers),
        404: client.get("/nowhere/", **headers),
        405: client.delete("/offline/", **headers),
    }
    for status, response in found.items():
        assert response.status_code == status
        assert_safe(response, status)
    assert client.get("/", HTTP_HOST="evil.example.org").status_code == 400
    assert_safe(client.get("/", HTTP_HOST="evil.example.org", **headers), "host")


def test_at_the_end_of_a_session_the_browser_forgets_its_pages(it):
    client = it.browser("member")
    assert "Clear-Site-Data" not in client.get("/")

    assert client.post("/accounts/logout/")["Clear-Site-Data"] == FORGET

    # As browsers do with a cookie that has ended.
    client.cookies.clear()
    # What one has typed and not sent stays, and so does the worker.
    assert "storage" not in FORGET
    assert "Clear-Site-Data" not in client.get("/accounts/login/")


def test_a_session_that_was_ended_elsewhere_is_forgotten_too(it):
    client = it.browser("member")
    client.session.flush()

    assert client.get("/rooms/")["Clear-Site-Data"] == FORGET


def test_passkeys_are_allowed_and_little_else():
    allowed = {part.partition("=")[0] for part in PERMISSIONS.split(", ") if not part.endswith("=()")}

    assert {"publickey-credentials-create", "publickey-credentials-get"} <= allowed
    assert not allowed & {"camera", "microphone", "geolocation", "payment", "usb", "browsing-topics"}
    assert "*" not in PERMISSIONS


def test_cookies_are_for_this_server_and_not_for_scripts(it):
    client = it.browser("visitor")
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "bob@example.com", "password": "correct horse battery"})

    assert set(client.cookies) >= {django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME}
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie
        assert cookie["samesite"] in ("Lax", "Strict"), cookie
        assert not cookie["domain"], cookie
        assert cookie["path"] == "/", cookie


def test_with_https_every_cookie_is_this_hosts_alone(it, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-chatscape_session", "__Host-csrftoken"
    client = it.browser("member")

    client.get("/profile/", secure=True)
    client.post("/profile/", {"name": "Robert", "intro": ""}, secure=True)
    assert len(client.cookies) == 3
    for name, cookie in client.cookies.items():
        assert name.startswith("__Host-")
        assert cookie["secure"] or name == settings.SESSION_COOKIE_NAME
        assert cookie["path"] == "/"

    # What it says is told once.
    assert "__Host-messages" in client.cookies
    assert "Saved." in client.get("/profile/", secure=True).text
    assert not client.cookies["__Host-messages"].value


BARE = ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options")


def _raw(port: int, request: bytes) -> http.client.HTTPResponse:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return response


def test_what_no_view_answers_has_them_too(server):
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    host = b"Host: 127.0.0.1:%d\r\n" % server.port
    asked = {
        200: b"GET /health/live HTTP/1.1\r\n" + host,
        400: b"GET nowhere HTTP/1.1\r\n" + host,
        413: b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n" + host,
        403: b"GET /ws/ HTTP/1.1\r\n" + host + upgrade,
    }
    for status, request in asked.items():
        response = _raw(server.port, request + b"\r\n")
        assert response.status == status
        for name in BARE:
            assert response.headers[name], (status, name)

    file = _raw(server.port, b"GET /static/icons/favicon.svg HTTP/1.1\r\n" + host + b"\r\n")
    assert file.status == 200
    for name in (*BARE, "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy"):
        assert file.headers[name], name
    assert "default-src 'none'" in file.headers["Content-Security-Policy"]
