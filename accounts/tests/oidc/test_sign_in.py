"""Signing in with a provider: two different ones, by configuration alone."""

import json

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.apps import apps
from django.utils import timezone

from accounts.models import User
from accounts.tests.oidc.visits import config_of, query_of
from accounts.tests.people import make_user
from chat.actions.moderation import sanction
from chat.models import Sanction
from chatscape.rates import Limit, Rate


@pytest.mark.parametrize("shape", ["standard", "cognito"])
def test_somebody_signs_in_and_is_at_home(request, shape, configure, visitor):
    configure(config_of(request.getfixturevalue(shape)))

    answer = visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (200, "/")
    alice = User.objects.get()
    assert visitor.person == str(alice.pk)
    assert (alice.email, alice.name) == ("alice@example.com", "Alice")
    assert alice.emailaddress_set.get().verified


def test_two_providers_at_once(standard, cognito, configure, visitor):
    """The same name at two providers is two people."""
    standard.people(alice={"email": "alice@one.example"})
    cognito.people(alice={"email": "alice@two.example"})
    configure(config_of(standard, "standard", name="One"), config_of(cognito, "cognito", name="Two"))
    page = visitor.client.get("/accounts/login/").text
    assert "Continue with One" in page
    assert "Continue with Two" in page

    visitor.sign_in("alice", "standard")
    other = type(visitor)()
    other.sign_in("alice", "cognito")

    assert {visitor.person, other.person} == {str(person.pk) for person in User.objects.all()}
    assert User.objects.count() == 2


def test_another_issuer_under_the_same_name_knows_other_people(standard, cognito, configure, visitor):
    """Only the configuration changes: nobody gets the account of a namesake at the provider before."""
    configure(config_of(standard))
    visitor.sign_in("alice")
    cognito.people(alice={"email": "other@example.com"})
    configure(config_of(cognito))

    other = type(visitor)()
    other.sign_in("alice")

    assert other.person != visitor.person


def test_a_provider_may_get_another_name(standard, cognito, configure, visitor):
    """As when a second one is added: people are known by the issuer."""
    standard.people(alice={"email_verified": False})
    configure(config_of(standard))
    visitor.sign_in("alice")

    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    again = type(visitor)()
    again.sign_in("alice", "standard")

    assert again.person == visitor.person
    assert SocialAccount.objects.get().provider == "standard"


def test_the_same_person_comes_back(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    standard.people(alice={"email": "new@example.com", "name": "Alicia"})

    again = type(visitor)()
    again.sign_in("alice")

    assert again.person == visitor.person
    assert User.objects.get().email == "alice@example.com", "what one is called here, one changes here"


def test_what_is_asked_of_the_provider(standard, configure, visitor):
    configure(config_of(standard))

    asked = [query_of(visitor.leave()) for _ in range(2)]

    assert asked[0]["response_type"] == "code"
    assert asked[0]["code_challenge_method"] == "S256"
    assert asked[0]["redirect_uri"] == "http://testserver/accounts/oidc/sso/login/callback/"
    assert set(asked[0]["scope"].split()) == {"openid", "profile", "email"}
    for fresh in ("state", "nonce", "code_challenge"):
        assert len(asked[0][fresh]) >= 16
        assert asked[0][fresh] != asked[1][fresh]


def test_what_a_visitor_adds_to_the_address_is_not_asked(standard, configure, visitor):
    configure(config_of(standard))
    extra = "?auth_params=nonce%3Dx%26redirect_uri%3Dhttps://evil.example&scope=admin&process=redirect"

    answer = visitor.client.post(f"/accounts/oidc/sso/login/{extra}", {"process": "redirect"})

    asked = query_of(answer["Location"])
    assert asked["redirect_uri"].startswith("http://testserver/")
    assert asked["nonce"] != "x"
    assert "admin" not in asked["scope"]
    assert visitor.come_back(visitor.at_provider(answer["Location"])).status_code == 200
    assert visitor.person


def test_only_a_form_leads_to_the_provider(standard, configure, visitor):
    configure(config_of(standard))

    answer = visitor.client.get("/accounts/oidc/sso/login/")

    assert answer.status_code == 200
    assert "Continue with Example" in answer.text
    assert standard.seen() == []
    strict = type(visitor)(enforce_csrf_checks=True)
    assert strict.client.post("/accounts/oidc/sso/login/").status_code == 403


@pytest.mark.parametrize("path", ["login/", "login/callback/", "failed/denied/"])
@pytest.mark.parametrize("id", ["other", "openid_connect", "openid-connect"])
def test_a_provider_that_is_not_configured_is_not_there(standard, configure, visitor, id, path):
    configure(config_of(standard))

    for method in (visitor.client.get, visitor.client.post):
        assert method(f"/accounts/oidc/{id}/{path}").status_code in (404, 405)
    assert visitor.client.get(f"/accounts/oidc/{id}/{path}").status_code == 404


def test_the_session_is_a_new_one(standard, configure, visitor):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    before = visitor.client.session.session_key

    visitor.come_back(back)

    assert visitor.person
    assert visitor.client.session.session_key != before
    assert not visitor.client.session.exists(before)


def test_whoever_was_signed_in_is_not_any_more(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    alice, before = visitor.person, visitor.client.session.session_key

    visitor.there.cookies.clear()
    visitor.sign_in("bob")

    assert visitor.person not in ("", alice)
    assert not visitor.client.session.exists(before)


def test_the_way_leads_on_to_where_one_wanted_to_go(standard, configure, visitor):
    configure(config_of(standard))
    page = visitor.client.get("/accounts/login/?next=/contacts/").text
    assert 'name="next" value="/contacts/"' in page

    visitor.sign_in("alice", next="/contacts/")

    assert visitor.path == "/contacts/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"]
)
def test_the_way_never_leads_elsewhere(standard, configure, visitor, target):
    configure(config_of(standard))

    visitor.sign_in("alice", next=target)

    assert visitor.path == "/"


def test_no_token_is_kept_but_for_signing_out(standard, configure, visitor):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    page = visitor.come_back(back)

    rows = json.dumps([list(model.objects.values()) for model in apps.get_models()], default=str)
    assert "eyJ" not in rows, "sessions are encoded"
    kept = dict(visitor.client.session)
    way_out = kept.pop("oidc_sign_out")
    assert "eyJ" in way_out[1]
    assert "eyJ" not in json.dumps(kept)
    for text in (page.text, str(page.headers), str(visitor.client.cookies)):
        assert "eyJ" not in text
    assert not SocialToken.objects.exists()
    assert SocialAccount.objects.get().extra_data == {"email": "alice@example.com"}


def test_nothing_is_kept_of_cognitos_tokens(cognito, configure, visitor):
    """It needs none to sign out."""
    configure(config_of(cognito))
    visitor.sign_in("alice")

    assert "eyJ" not in json.dumps(dict(visitor.client.session))


@pytest.mark.parametrize(
    ("algorithm", "hash"),
    [("RS256", "sha256"), ("PS256", "sha256"), ("ES256", "sha256"), ("EdDSA", "sha512")],
)
def test_each_kind_of_signature_that_the_provider_announces(standard, configure, visitor, algorithm, hash):
    configure(config_of(standard))
    # Signed by the provider's own key of this kind.
    standard.twist(id_token={"alg": algorithm, "hash": hash})

    visitor.sign_in("alice")

    assert visitor.person


def test_a_key_without_a_name_will_do(standard, configure, visitor):
    configure(config_of(standard))
    standard.twist(id_token={"header": {"kid": None}})

    visitor.sign_in("alice")

    assert visitor.person


def test_the_client_may_name_itself_in_the_form(standard, configure, visitor):
    configure(config_of(standard, client_id="chatscape-post"))
    standard.twist(discovery={"set": {"token_endpoint_auth_methods_supported": ["client_secret_post"]}})

    visitor.sign_in("alice")

    assert visitor.person


def test_a_closed_account_is_not_let_in(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    User.objects.update(is_active=False)

    again = type(visitor)()
    again.sign_in("alice")

    assert (again.path, again.person) == ("/accounts/inactive/", "")
    assert "oidc_sign_out" not in again.client.session


def test_a_suspension_keeps_out_and_ends(standard, configure, visitor):
    configure(config_of(standard))
    owner = make_user("olivia", role="owner")
    visitor.sign_in("alice")
    alice = User.objects.get(pk=visitor.person)
    sanction(actor=owner, person=alice, kind="suspension", reason="spam", days=1)

    again = type(visitor)()
    again.sign_in("alice")
    assert (again.path, again.person) == ("/standing/", "")

    Sanction.objects.update(ends_at=timezone.now())
    again.sign_in("alice")
    assert again.person == str(alice.pk)


def test_a_second_factor_is_asked_for_after_the_provider(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    alice, other = User.objects.get(), type(visitor)()
    secret = generate_totp_secret()
    TOTP.activate(alice, secret)

    other.sign_in("alice")

    assert (other.path, other.person) == ("/accounts/2fa/authenticate/", "")
    counter = next(yield_hotp_counters_from_time())
    code = format_hotp_value(hotp_value(secret, counter))
    other.client.post("/accounts/2fa/authenticate/", {"code": code})
    assert other.person == str(alice.pk)
    assert other.client.post("/accounts/logout/")["Location"].startswith(standard.url), "and out at both"


def test_who_sets_out_too_often_is_asked_to_wait(standard, configure, visitor, settings):
    configure(config_of(standard))
    settings.LIMITS = {"provider": Limit(address=Rate(2, 60))}
    visitor.leave()
    visitor.leave()

    answer = visitor.client.post("/accounts/oidc/sso/login/")

    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)
