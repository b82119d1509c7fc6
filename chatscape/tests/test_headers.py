"""The pages forbid what they do not need: no inline code, no other origin, no framing."""

import re
from html.parser import HTMLParser

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.tests.people import PASSWORD
from chat.tests.situations import HTMX, client_of, contact_of, say

NONCE = re.compile(r"'nonce-([\w+/=-]+)'")
VISITORS = [
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/offline/",
    "/install/",
]


@pytest.fixture
def pages(alice, bob, room):
    """Every page there is to see, errors included: pairs of a path and its answer."""
    say(alice, room, "<script>alert(1)</script> https://example.org 'onclick=x'")
    alice.role = "owner"
    alice.save()
    contact, visitor, person = contact_of(alice, bob).id, Client(), client_of(alice)
    mine = [
        "/",
        "/rooms/",
        "/contacts/",
        "/contacts/new/",
        "/contacts/blocked/",
        "/profile/",
        "/invitations/",
    ]
    mine += [
        f"/rooms/{room.id}/",
        *(f"/rooms/{room.id}/messages/1/{page}" for page in ("", "edit/", "delete/")),
    ]
    mine += [f"/contacts/{contact}/{page}" for page in ("", "edit/", "block/", "reports/")]
    mine += ["/accounts/email/", "/accounts/password/change/", "/accounts/logout/", "/admin/", "/nowhere/"]
    found = [(path, visitor.get(path)) for path in [*VISITORS, "/nowhere/", "/join/nothing/"]]
    found += [(path, person.get(path)) for path in mine]
    found += [(path, person.get(path, **HTMX)) for path in mine]
    found += [("bad form", person.post("/contacts/new/", {})), ("bad id", person.get("/rooms/1/"))]
    return found


def directives(response) -> dict[str, list[str]]:
    policy = response["Content-Security-Policy"]
    return {words[0]: words[1:] for part in policy.split(";") if (words := part.split())}


def assert_strict(response) -> None:
    found = directives(response)
    assert found["default-src"] == ["'none'"]
    assert found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["form-action"] == ["'self'"]
    assert found["style-src"] == ["'self'"]
    assert all(NONCE.fullmatch(source) for source in found.get("script-src", []))
    trusted = found.pop("trusted-types", []), found.pop("require-trusted-types-for", [])
    assert trusted == (["default", "chatscape"], ["'script'"])
    for sources in found.values():
        for source in sources:
            assert source in ("'self'", "'none'", "data:") or NONCE.fullmatch(source)
    assert "unsafe" not in response["Content-Security-Policy"]


def test_the_policy_is_strict_on_every_page(pages):
    for path, response in pages:
        try:
            assert_strict(response)
        except (AssertionError, KeyError) as error:
            raise AssertionError(path) from error


def test_other_headers_are_on_every_page(pages):
    for path, response in pages:
        assert response["X-Content-Type-Options"] == "nosniff", path
        assert response["Referrer-Policy"] == "same-origin", path
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert response["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert response["X-Frame-Options"] == "DENY", path
        assert "camera=()" in response["Permissions-Policy"], path
        assert response["X-Request-ID"], path
        assert "no-cache" in response["Cache-Control"] or "no-store" in response["Cache-Control"], path
        assert "Server" not in response, path
        assert "X-Powered-By" not in response, path


class Scan(HTMLParser):
    """Collects what a strict policy would block."""

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.nonce = nonce
        self.bad: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.bad += [f"{tag} {name}" for name in values if name.startswith("on") or name == "style"]
        self.bad += [f"{tag} {name}" for name in values if re.match("hx-(on|vals|headers)", name)]
        if tag == "style":
            self.bad.append("style element")
        if tag == "script":
            if "src" not in values:
                self.bad.append("inline script")
            if values.get("nonce") != self.nonce:
                self.bad.append("script without the nonce")
        for name in ("src", "href", "action", "formaction", "poster", "srcset", "data", "content"):
            value = values.get(name) or ""
            elsewhere = (tag, name) != ("a", "href") and re.match(r"(https?:)?//", value)
            if elsewhere or value.lower().lstrip().startswith(("javascript:", "vbscript:", "data:text")):
                self.bad.append(f"{tag} {name} {value}")


def test_no_page_holds_inline_code_or_names_another_origin(pages):
    for path, response in pages:
        if not response["Content-Type"].startswith("text/html"):
            continue
        found = NONCE.search(response["Content-Security-Policy"])
        scan = Scan(found[1] if found else "")
        scan.feed(response.text)
        assert scan.bad == [], path


def test_pages_that_need_scripts_have_the_nonce_of_their_answer(pages):
    seen = set()
    for _path, response in pages:
        if "<script" in response.text:
            nonce = NONCE.search(response["Content-Security-Policy"])[1]
            assert f'nonce="{nonce}"' in response.text
            assert len(nonce) >= 22
            assert nonce not in seen
            seen.add(nonce)
    assert len(seen) > 20


def test_an_uploaded_file_of_our_own_origin_is_no_script(client, db):
    sources = directives(client.get("/"))["script-src"]

    assert "'self'" not in sources


def test_the_page_about_an_error_is_as_strict(alice, monkeypatch):
    def broken(*_what: object, **_more: object) -> None:
        raise RuntimeError("a bug, with a secret in its message")

    monkeypatch.setattr("chat.views.inbox.inbox", broken)

    response = client_of(alice, raise_request_exception=False).get("/")

    assert response.status_code == 500
    assert_strict(response)
    assert "secret" not in response.text
    assert "Something went wrong" in response.text
    assert "Retry" in response.text


def test_a_database_that_is_gone_is_told_without_asking_it(client, monkeypatch):
    def gone(*_what: object, **_more: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("chat.views.inbox.first_run", gone)
    client.raise_request_exception = False

    # Without the `db` fixture any query would fail the test.
    response = client.get("/")

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert_strict(response)


@pytest.mark.django_db
def test_a_session_cookie_cannot_be_read_by_scripts(alice, settings):
    settings.SESSION_COOKIE_SECURE = True
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}, secure=True)

    cookie = client.cookies["chatscape_session"]

    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")


@pytest.mark.django_db
def test_with_https_plain_http_is_led_there_and_remembered(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    plain, behind_proxy = client.get("/offline/"), client.get("/offline/", HTTP_X_FORWARDED_PROTO="https")

    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/offline/")
    assert behind_proxy.status_code == 200
    assert behind_proxy["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
