"""Signing out here, and at the provider."""

import pytest
from django.urls import reverse

from accounts.oidc import sign_out
from accounts.tests.oidc.visits import config_of, query_of
from accounts.tests.people import PASSWORD, make_user

# What a browser says when it opens a page.
BROWSER = {"HTTP_SEC_FETCH_DEST": "document"}


def test_at_a_standard_provider(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")

    answer = visitor.client.post("/accounts/logout/")

    assert visitor.person == ""
    assert answer["Location"].startswith(f"{standard.url}/session/end?")
    asked = query_of(answer["Location"])
    assert asked["id_token_hint"].count(".") == 2
    assert asked["client_id"] == "chatscape"
    assert asked["post_logout_redirect_uri"] == "http://testserver/"
    assert answer["Clear-Site-Data"] == '"cache"'
    page = visitor.there.get(answer["Location"], allow_redirects=False, timeout=10)
    assert page.status_code == 200, page.text


@pytest.mark.parametrize("named", [False, True])
def test_at_cognito(cognito, configure, visitor, named):
    configure(config_of(cognito))
    if named:
        cognito.twist(discovery={"set": {"end_session_endpoint": f"{cognito.url}/logout"}})
    visitor.sign_in("alice")

    answer = visitor.client.post("/accounts/logout/")

    assert visitor.person == ""
    assert answer["Location"].startswith(f"{cognito.url}/logout?")
    assert query_of(answer["Location"]) == {"client_id": "chatscape", "logout_uri": "http://testserver/"}
    home = visitor.there.get(answer["Location"], allow_redirects=False, timeout=10)
    assert home.headers["Location"] == "http://testserver/"
    assert "Login" in visitor.there.get(visitor.leave(), timeout=10).text, "it asks again who one is"


def test_a_token_too_long_for_an_address_stays_out_of_it(standard, configure, visitor):
    configure(config_of(standard))
    standard.twist(id_token={"set": {"groups": [f"group {number}" for number in range(400)]}})
    visitor.sign_in("alice")

    asked = query_of(visitor.client.post("/accounts/logout/")["Location"])

    assert set(asked) == {"client_id", "post_logout_redirect_uri"}


def test_a_provider_without_such_a_place(standard, configure, visitor):
    configure(config_of(standard))
    standard.twist(discovery={"drop": ["end_session_endpoint"]})
    visitor.sign_in("alice")

    assert visitor.client.post("/accounts/logout/")["Location"] == "/"
    assert visitor.person == ""


@pytest.mark.parametrize("wrong", [{"status": 500}, {"drip": 100}, {"hangup": "before"}], ids=str)
def test_a_provider_that_is_gone_keeps_nobody(standard, configure, visitor, monkeypatch, wrong):
    """And nobody is led to where nothing answers."""
    configure(config_of(standard))
    visitor.sign_in("alice")
    monkeypatch.setattr(sign_out, "PATIENCE", 0.5)
    standard.twist(discovery=wrong)

    answer = visitor.client.post("/accounts/logout/", **BROWSER)

    assert (visitor.person, answer["Location"]) == ("", "/")
    assert answer["Clear-Site-Data"] == '"cache"'
    page = visitor.client.get(answer["Location"], follow=True)
    assert "Example cannot be reached. You are signed out here" in page.text


def test_nobody_is_sent_to_a_provider_that_is_not_configured_any_more(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    configure(config_of(standard, "other"))

    assert visitor.client.post("/accounts/logout/")["Location"] == "/"


def test_whoever_has_signed_in_with_a_password_stays_here(standard, configure, visitor):
    configure(config_of(standard), local=True)
    bob = make_user("bob")
    visitor.client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
    assert visitor.person

    assert visitor.client.post("/accounts/logout/")["Location"] == "/"


def test_a_browser_is_led_by_a_page_that_holds_no_token(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")

    page = visitor.client.post("/accounts/logout/", **BROWSER)

    assert (page.status_code, visitor.person) == (200, "")
    assert "eyJ" not in page.text
    assert f'content="0; url={reverse("oidc_leave")}"' in page.text
    assert page["Cache-Control"]
    way = visitor.client.get(reverse("oidc_leave"))
    assert query_of(way["Location"])["id_token_hint"]
    assert visitor.client.get(reverse("oidc_leave"))["Location"] == "/", "once"


def test_a_browser_is_led_to_the_provider_by_a_page(standard, configure, visitor):
    """The policy of forms, which says `form-action 'self'`, would end it at the first redirection."""
    configure(config_of(standard))

    page = visitor.client.post("/accounts/oidc/sso/login/", **BROWSER)

    assert page.status_code == 200
    assert "form-action 'self';" in page["Content-Security-Policy"]
    way = visitor.client.get(reverse("oidc_leave"))["Location"]
    visitor.come_back(visitor.at_provider(way))
    assert visitor.person


def test_only_a_form_signs_out(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")

    assert visitor.client.get("/accounts/logout/").status_code == 200
    assert visitor.person
