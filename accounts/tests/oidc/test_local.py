"""Where people sign in with a provider only, and where they may have a password, too."""

import pytest
from django.urls import reverse

from accounts.tests.oidc.visits import config_of
from accounts.tests.people import PASSWORD, make_user

PLACES = [
    "/accounts/signup/",
    "/accounts/password/change/",
    "/accounts/password/set/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/password/reset/key/done/",
    "/accounts/2fa/webauthn/login/",
]


@pytest.mark.parametrize("path", PLACES)
def test_ways_of_local_accounts_are_not_there(standard, configure, visitor, path):
    configure(config_of(standard))
    visitors = [visitor, type(visitor)()]
    visitors[1].sign_in("alice")

    for each in visitors:
        assert each.client.get(path).status_code == 404
        assert each.client.post(path, {"login": "x", "password": "y"}).status_code == 404


def test_a_password_signs_nobody_in(standard, configure, visitor):
    configure(config_of(standard))
    bob = make_user("bob")

    answer = visitor.client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})

    assert (answer.status_code, visitor.person) == (404, "")


@pytest.mark.parametrize("first", [True, False])
def test_the_sign_in_page_has_the_provider_alone(standard, configure, visitor, first):
    configure(config_of(standard))
    if not first:
        make_user("olivia", role="owner")

    page = visitor.client.get("/accounts/login/").text

    assert "Continue with Example" in page
    assert 'type="password"' not in page
    assert "/accounts/signup/" not in page
    assert "<passkey-form" not in page
    assert "webauthn" not in page
    assert ("owns the server" in page) is first


@pytest.mark.parametrize("first", [True, False])
def test_no_page_leads_where_nothing_is(standard, configure, visitor, first):
    configure(config_of(standard))
    if not first:
        make_user("olivia", role="owner")

    page = visitor.client.get("/").text

    assert "/accounts/signup/" not in page
    assert "/accounts/login/" in page


def test_both_ways_side_by_side(standard, configure, visitor):
    configure(config_of(standard), local=True)

    page = visitor.client.get("/accounts/login/").text

    assert "Continue with Example" in page
    assert 'type="password"' in page
    assert visitor.client.get("/accounts/signup/").status_code == 200


def test_without_a_provider_nothing_speaks_of_one(client, db):
    assert "oidc" not in client.get("/accounts/login/").text
    client.force_login(make_user("bob"))
    assert reverse("socialaccount_connections") not in client.get("/accounts/2fa/").text


def test_the_page_about_security_leads_to_the_providers(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")

    assert reverse("socialaccount_connections") in visitor.client.get("/accounts/2fa/").text
