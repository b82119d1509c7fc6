"""Every address of the server against everybody: what is not one's own does not exist.

The addresses come from the resolver: one that has no row here fails the test.
"""

import json
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.core import serializers
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from accounts.tests.people import make_user
from chat.actions.contacts import add_contact, block_person
from chat.actions.reports import report_person
from chat.models import Sanction
from chat.tests.situations import HTMX, JSON, befriend, client_of, contact_of, say

ROLES = ("anonymous", "mallory", "bob", "alice")
SIGN_IN = 302
# The password is asked for again.
AGAIN = 302
Codes = tuple[int, int, int, int]
NO: Codes = (405, 405, 405, 405)
PUBLIC: Codes = (200, 200, 200, 200)
# What is everybody's own: the sign-in page for visitors, a page of their own for the others.
OWN: Codes = (SIGN_IN, 200, 200, 200)


class Row(NamedTuple):
    """An address, with the status for a visitor, an outsider, a member, and whose it is."""

    path: str
    get: Codes
    post: Codes = NO
    typed: dict[str, Any] = {}
    # The path with ids that do not exist.
    nowhere: str = ""


def shared(path: str, nowhere: str, *, get: Codes = NO, post: Codes = NO, **typed: Any) -> Row:
    return Row(path, get, post, typed, nowhere)


MEMBERS: Codes = (SIGN_IN, 404, 200, 200)
MINE: Codes = (SIGN_IN, 404, 404, 200)
DONE_BY_MEMBERS: Codes = (SIGN_IN, 404, 303, 303)
DONE_BY_ME: Codes = (SIGN_IN, 404, 404, 303)
X = "00000000-0000-4000-8000-000000000000"

ROWS: dict[str, Callable[[SimpleNamespace], Row]] = {
    "manifest": lambda it: Row("/manifest.webmanifest", PUBLIC),
    "service-worker": lambda it: Row("/sw.js", PUBLIC),
    "offline": lambda it: Row("/offline/", PUBLIC),
    "install": lambda it: Row("/install/", PUBLIC),
    "config": lambda it: Row("/config.json", PUBLIC),
    "home": lambda it: Row("/", PUBLIC),
    "rooms": lambda it: Row("/rooms/", OWN),
    "room": lambda it: shared(f"/rooms/{it.room}/", f"/rooms/{X}/", get=MEMBERS),
    "room-read": lambda it: shared(
        f"/rooms/{it.room}/read/", f"/rooms/{X}/read/", post=DONE_BY_MEMBERS, sequence="1"
    ),
    "messages": lambda it: shared(
        f"/rooms/{it.room}/messages/",
        f"/rooms/{X}/messages/",
        get=MEMBERS,
        post=DONE_BY_MEMBERS,
        body="hello",
        client_id=str(uuid.uuid4()),
    ),
    "message": lambda it: shared(f"/rooms/{it.room}/messages/1/", f"/rooms/{X}/messages/1/", get=MEMBERS),
    "message-edit": lambda it: shared(
        f"/rooms/{it.room}/messages/1/edit/",
        f"/rooms/{X}/messages/1/edit/",
        get=MINE,
        post=DONE_BY_ME,
        body="edited",
    ),
    "message-delete": lambda it: shared(
        f"/rooms/{it.room}/messages/1/delete/",
        f"/rooms/{X}/messages/1/delete/",
        get=MINE,
        # A member sees the message: that it is not theirs may be said.
        post=(SIGN_IN, 404, 403, 303),
    ),
    "message-report": lambda it: shared(
        f"/rooms/{it.room}/messages/1/report/",
        f"/rooms/{X}/messages/1/report/",
        # Nobody reports themselves.
        get=(SIGN_IN, 404, 200, 403),
        post=(SIGN_IN, 404, 200, 403),
        context="rude",
    ),
    "message-block": lambda it: shared(
        f"/rooms/{it.room}/messages/1/block/",
        f"/rooms/{X}/messages/1/block/",
        get=(SIGN_IN, 404, 200, 403),
        post=(SIGN_IN, 404, 303, 403),
    ),
    "room-report": lambda it: shared(
        f"/rooms/{it.room}/report/",
        f"/rooms/{X}/report/",
        get=MEMBERS,
        post=(SIGN_IN, 404, 200, 200),
        context="rude",
    ),
    "reports": lambda it: Row("/reports/", OWN, (SIGN_IN, 303, 303, 303)),
    "report": lambda it: shared(f"/reports/{it.report}/", f"/reports/{X}/", get=MINE),
    "report-block": lambda it: shared(
        f"/reports/{it.report}/block/", f"/reports/{X}/block/", post=DONE_BY_ME
    ),
    "contacts": lambda it: Row("/contacts/", OWN),
    "contact-new": lambda it: Row("/contacts/new/", OWN, (SIGN_IN, 422, 422, 422)),
    "blocked": lambda it: Row("/contacts/blocked/", OWN),
    "unblock": lambda it: shared(
        f"/contacts/blocked/{it.erin}/unblock/", f"/contacts/blocked/{X}/unblock/", post=DONE_BY_ME
    ),
    "contact": lambda it: shared(f"/contacts/{it.contact}/", f"/contacts/{X}/", get=MINE),
    "contact-edit": lambda it: shared(
        f"/contacts/{it.contact}/edit/", f"/contacts/{X}/edit/", get=MINE, post=DONE_BY_ME, name="Uncle"
    ),
    "contact-withdraw": lambda it: shared(
        f"/contacts/{it.waiting}/withdraw/", f"/contacts/{X}/withdraw/", post=DONE_BY_ME
    ),
    "contact-accept": lambda it: shared(
        f"/contacts/{it.request}/accept/", f"/contacts/{X}/accept/", post=DONE_BY_ME
    ),
    "contact-block": lambda it: shared(
        f"/contacts/{it.contact}/block/", f"/contacts/{X}/block/", get=MINE, post=DONE_BY_ME
    ),
    "contact-unblock": lambda it: shared(
        f"/contacts/{it.contact}/unblock/", f"/contacts/{X}/unblock/", post=DONE_BY_ME
    ),
    "contact-report": lambda it: shared(
        f"/contacts/{it.contact}/reports/",
        f"/contacts/{X}/reports/",
        get=MINE,
        post=(SIGN_IN, 404, 404, 200),
        context="rude",
    ),
    "profile": lambda it: Row("/profile/", OWN, (SIGN_IN, 422, 422, 422)),
    "devices": lambda it: Row("/devices/", OWN),
    # Signing others out, or letting one more in, is for who has just typed the password again.
    "device-end": lambda it: Row(f"/devices/{X}/end/", NO, (SIGN_IN, AGAIN, AGAIN, AGAIN)),
    "devices-end-others": lambda it: Row("/devices/others/", NO, (SIGN_IN, AGAIN, AGAIN, AGAIN)),
    "devices-end-all": lambda it: Row("/devices/logout/", NO, (SIGN_IN, AGAIN, AGAIN, AGAIN)),
    "device-new": lambda it: Row(
        "/devices/new/", (SIGN_IN, AGAIN, AGAIN, AGAIN), (SIGN_IN, AGAIN, AGAIN, AGAIN)
    ),
    "device-new-state": lambda it: Row("/devices/new/state/", OWN),
    "device-link": lambda it: Row("/devices/link/nothing/", (404, 404, 404, 404), (404, 404, 404, 404)),
    "standing": lambda it: Row("/standing/", OWN),
    "standing-read": lambda it: Row("/standing/read/", NO, (SIGN_IN, 303, 303, 303)),
    # Those who were kept out are nobody, too.
    "standing-leave": lambda it: Row("/standing/leave/", NO, (303, 303, 303, 303)),
    "standing-appeal": lambda it: shared(
        f"/standing/{it.warning}/appeal/", f"/standing/{X}/appeal/", post=DONE_BY_ME, words="Not me"
    ),
    "data": lambda it: Row("/profile/data/", OWN),
    # To the page that asks for the password.
    "data-export": lambda it: Row("/profile/export/", NO, (302, 302, 302, 302)),
    "erase": lambda it: Row("/profile/erase/", OWN, (302, 302, 302, 302)),
    "join": lambda it: Row(f"/join/{it.code}/", (200, 200, 200, 302), (200, 302, 302, 302)),
    "invitations": lambda it: Row("/invitations/", MINE, (SIGN_IN, 404, 404, 302)),
    "account_login": lambda it: Row("/accounts/login/", (200, 302, 302, 302), (422, 302, 302, 302)),
    "account_logout": lambda it: Row("/accounts/logout/", (302, 200, 200, 200), (302, 302, 302, 302)),
    "account_signup": lambda it: Row("/accounts/signup/", (403, 302, 302, 302), (403, 302, 302, 302)),
    "account_inactive": lambda it: Row("/accounts/inactive/", PUBLIC),
}


def is_elsewhere(name: str | None, route: str) -> bool:
    """The rest of allauth's addresses and the admin's have tests of their own in accounts."""
    return route.startswith(("admin/", "accounts/", "^accounts/")) and name not in ROWS


def routes():
    def walk(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield pattern.name, route
            else:
                yield from walk(pattern.url_patterns, route)

    yield from walk(get_resolver().url_patterns)


@pytest.fixture
def it(alice, bob, mallory, room):
    """alice owns the server, knows bob, waits for somebody, is asked by dave, and blocks erin."""
    alice.role = "owner"
    alice.save()
    say(alice, room, "private words")
    dave, erin = make_user("Dave"), make_user("Erin")
    befriend(alice, erin)
    block_person(blocker=alice, contact_id=contact_of(alice, erin).id)
    waiting = add_contact(owner=alice, name="Zoe", email="zoe@example.org")
    return SimpleNamespace(
        room=room.id,
        contact=contact_of(alice, bob).id,
        waiting=waiting.id,
        code=waiting.invitation.code,
        request=add_contact(owner=dave, name="Alice", email=alice.email).id,
        erin=erin.id,
        report=report_person(reporter=alice, contact_id=contact_of(alice, bob).id, context="rude").id,
        warning=Sanction.objects.create(person=alice, kind="warning", reason="private words").id,
        people={"mallory": mallory, "bob": bob, "alice": alice},
    )


def browser(it, role: str, **options: Any) -> Client:
    return Client(**options) if role == "anonymous" else client_of(it.people[role], **options)


def test_every_address_has_a_row():
    missing = {route for name, route in routes() if name not in ROWS and not is_elsewhere(name, route)}

    assert missing == set(), "new addresses: say who may ask what of them"
    assert set(ROWS) <= {name for name, _route in routes()}, "rows without an address"


@pytest.mark.parametrize("name", ROWS)
def test_asking_for_a_page(it, name):
    row = ROWS[name](it)

    for role, expected in zip(ROLES, row.get, strict=True):
        response = browser(it, role).get(row.path)
        assert response.status_code == expected, role
        if role == "anonymous" and expected == SIGN_IN and not row.path.startswith("/accounts/"):
            assert response["Location"] == f"/accounts/login/?next={row.path}"


@pytest.mark.parametrize("name", ROWS)
def test_sending_a_form(it, name):
    row = ROWS[name](it)

    for role, expected in zip(ROLES, row.post, strict=True):
        assert send(browser(it, role), row).status_code == expected, role


def send(client: Client, row: Row, **headers: Any) -> Any:
    """Send the row's form, and undo what it did."""
    with transaction.atomic():
        response = client.post(row.path, row.typed, **headers)
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", [name for name in ROWS if not name.startswith(("account_", "join"))])
def test_programs_and_htmx_are_told_the_same(it, name, method):
    row = ROWS[name](it)
    for role, expected in zip(ROLES, row.get if method == "get" else row.post, strict=True):
        client = browser(it, role)
        answer, fragment = (
            client.get(row.path, **headers) if method == "get" else send(client, row, **headers)
            for headers in (JSON, HTMX)
        )
        if role == "anonymous" and expected == SIGN_IN:
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in")
            assert (fragment.status_code, fragment.content) == (204, b"")
            assert fragment["HX-Redirect"].startswith("/accounts/login/?next=/")
        elif expected == 303:
            assert answer.status_code in (200, 204, 303), role
            assert fragment.status_code in (200, 204, 303), role
        else:
            assert (answer.status_code, fragment.status_code) == (expected, expected), role
            if expected in (403, 404):
                assert answer["Content-Type"] == "application/json"


def plain(text: str) -> str:
    """The page without what is new in every answer."""
    return re.sub(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', "", text)


@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["page", "htmx", "json"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ROWS)
def test_what_is_not_ones_own_looks_as_if_it_did_not_exist(it, name, method, headers):
    row = ROWS[name](it)
    if not row.nowhere or (row.get if method == "get" else row.post)[1] != 404:
        return
    client, typed = browser(it, "mallory"), row.typed if method == "post" else {}

    real, made_up = (getattr(client, method)(path, typed, **headers) for path in (row.path, row.nowhere))

    assert real.status_code == made_up.status_code == 404
    assert plain(real.text) == plain(made_up.text)
    changing = {"X-Request-ID", "Content-Security-Policy"}
    assert {k: v for k, v in real.items() if k not in changing} == {
        k: v for k, v in made_up.items() if k not in changing
    }
    assert "private words" not in real.text


def everything() -> str:
    """All rows of all tables but sessions."""
    models = [model for model in apps.get_models() if model._meta.label != "sessions.Session"]
    rows = [serializers.serialize("json", model._default_manager.order_by("pk")) for model in models]
    return json.dumps(rows)


@pytest.mark.parametrize("role", ROLES)
def test_asking_changes_nothing(it, role):
    client = browser(it, role)
    before = everything()

    for name in ROWS:
        for headers in ({}, HTMX, JSON):
            client.get(ROWS[name](it).path, **headers)
            client.head(ROWS[name](it).path, **headers)

    assert everything() == before


@pytest.mark.parametrize("role", ["anonymous", "mallory", "bob"])
def test_what_is_refused_changes_nothing(it, role):
    client = browser(it, role)
    before = everything()
    mine = (
        ("messages", "room-read", "room-report", "message-report", "message-block") if role == "bob" else ()
    )

    for name in ROWS:
        if not name.startswith(("account_", "join", "profile")) and name not in mine:
            client.post(ROWS[name](it).path, ROWS[name](it).typed)

    assert everything() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_not_allowed(it, method):
    client = browser(it, "alice")

    for name in ROWS:
        if not name.startswith("account_"):
            assert getattr(client, method)(ROWS[name](it).path).status_code == 405, name


def test_a_form_without_the_token_of_its_page_changes_nothing(it):
    client = browser(it, "alice", enforce_csrf_checks=True)
    before = everything()

    for name in ROWS:
        row = ROWS[name](it)
        if row.post != NO:
            assert client.post(row.path, row.typed).status_code == 403, name

    assert everything() == before


def test_the_admin_site_is_closed_to_everybody_else(it):
    browsers = {role: browser(it, role) for role in ("anonymous", "mallory", "bob")}
    for name, route in routes():
        if route.startswith("admin/") and name not in ("login", "logout", "jsi18n"):
            path = "/" + re.sub(r"[\^$]|<[^>]*>|\(\?P<url>[^)]*\)|\(\?P<app_label>[^)]*\)", "chat", route)
            path = path.replace("chatchat", "chat").replace("chat(", "(")
            for role, client in browsers.items():
                assert client.get(path).status_code in (302, 403, 404), (role, path)
