"""Every address against everybody: what is not one's own does not exist (MO8)."""

import re
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import transaction
from django.test import Client

from chat.tests.matrix.roles import LIKE, ROLES, SECRET
from chat.tests.matrix.row import NO, SIGN_IN
from chat.tests.matrix.rows import ROWS, routes
from chat.tests.situations import HTMX, JSON

METHODS = ("get", "post")
# Recovery codes cannot be looked at again.
SHOWN_ONCE = {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}
REFUSALS = (403, 404, 405, 422)
# allauth answers in its own way to programs and htmx, which do not come there.
ALLAUTH = ("account_", "mfa_", "social", "openid", "oidc", "accounts/")
OURS = [name for name in ROWS if not name.startswith(ALLAUTH)]


def is_visitor(role: str) -> bool:
    return "visitor" in (role, LIKE.get(role))


def send(client: Client, row: Any, **headers: Any) -> Any:
    """Send the row's form, and undo what it did."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        response = client.post(row.path, row.typed, **headers)
        transaction.set_rollback(True)
    if response.streaming:
        # Read to the end it closes itself.
        b"".join(response.streaming_content)
    client.cookies = cookies
    return response


def test_every_address_has_a_row():
    found = {name for name, route in routes() if not route.startswith("admin/")}

    assert found - set(ROWS) == set(), "new addresses: say who may ask what of them"
    assert set(ROWS) <= found, "rows without an address"


@pytest.mark.parametrize("name", ROWS)
def test_asking_for_a_page(it, name):
    for role in ROLES:
        row = ROWS[name](it.seen_by(role))
        response = it.browser(role).get(row.path)
        expected = row.expected("get", role)
        assert response.status_code == expected, role
        if is_visitor(role) and expected == SIGN_IN and name in OURS:
            assert response["Location"] == f"/accounts/login/?next={row.path}"
        if expected != 200:
            assert SECRET not in response.text, role


@pytest.mark.parametrize("name", ROWS)
def test_sending_a_form(it, name):
    for role in ROLES:
        row = ROWS[name](it.seen_by(role))
        assert send(it.browser(role), row).status_code == row.expected("post", role), role


@pytest.mark.parametrize("name", [name for name in OURS if name != "join"])
def test_programs_and_htmx_are_told_the_same(it, name):
    for method, role in product(METHODS, ROLES):
        row, client = ROWS[name](it.seen_by(role)), it.browser(role)
        expected = row.expected(method, role)
        answer, fragment = (
            client.get(row.path, **headers) if method == "get" else send(client, row, **headers)
            for headers in (JSON, HTMX)
        )
        if is_visitor(role) and expected == SIGN_IN:
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


@pytest.mark.parametrize("name", OURS)
def test_what_is_not_ones_own_looks_as_if_it_did_not_exist(it, name):
    for method, headers, role in product(METHODS, ({}, HTMX, JSON), ROLES):
        row = ROWS[name](it.seen_by(role))
        if not row.nowhere or row.expected(method, role) != 404:
            continue
        client, typed = it.browser(role), row.typed if method == "post" else {}
        real, made_up = (getattr(client, method)(path, typed, **headers) for path in (row.path, row.nowhere))
        assert real.status_code == made_up.status_code == 404, role
        assert plain(real.text) == plain(made_up.text), role
        changing = {"X-Request-ID", "Content-Security-Policy"}
        assert {k: v for k, v in real.items() if k not in changing} == {
            k: v for k, v in made_up.items() if k not in changing
        }
        assert SECRET not in real.text


def everything() -> dict[str, str]:
    """All rows of all tables but sessions."""
    models = [model for model in apps.get_models() if model._meta.label != "sessions.Session"]
    return {
        model._meta.label: serializers.serialize("json", model._default_manager.order_by("pk"))
        for model in models
    }


@pytest.mark.parametrize("role", ROLES)
def test_asking_changes_nothing(it, role):
    client = it.browser(role)
    before = everything()

    for name in ROWS.keys() - SHOWN_ONCE:
        path = ROWS[name](it.seen_by(role)).path
        for headers in ({}, HTMX, JSON):
            client.get(path, **headers)
            client.head(path, **headers)

    assert everything() == before


@pytest.mark.parametrize("role", ROLES)
def test_what_is_refused_changes_nothing(it, role):
    client = it.browser(role)
    before = everything()

    for name in ROWS.keys() - SHOWN_ONCE:
        row = ROWS[name](it.seen_by(role))
        expected = row.expected("post", role)
        if expected in REFUSALS or (is_visitor(role) and expected == SIGN_IN):
            client.post(row.path, row.typed)

    assert everything() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_not_allowed(it, method):
    client = it.browser("author")

    for name in OURS:
        assert getattr(client, method)(ROWS[name](it).path).status_code == 405, name


def test_a_form_without_the_token_of_its_page_changes_nothing(it):
    client = it.browser("author", enforce_csrf_checks=True)
    before = everything()

    for name in ROWS:
        row = ROWS[name](it)
        if row.post != NO:
            assert client.post(row.path, row.typed).status_code == 403, name

    assert everything() == before
