"""Who signs in with a provider only is asked to do so again before something serious."""

import time

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.socialaccount.models import SocialAccount

from accounts.models import User
from accounts.tests.oidc.visits import config_of, query_of
from accounts.tests.people import PASSWORD, make_user

AGAIN = "/accounts/oidc/sso/again/"
DATA, EXPORT = "/profile/data/", "/profile/export/"


@pytest.fixture
def found(standard, configure, visitor):
    """A session of Alice's, who came with a provider and has left the device open since."""
    configure(config_of(standard), local=True)
    visitor.sign_in("alice")
    leave_open(visitor)
    standard.twist()
    return visitor


def leave_open(visitor):
    session = visitor.client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 400
    session.save()


SERIOUS = {
    "her data": ("get", DATA, {}),
    "the file of her data": ("post", EXPORT, {}),
    "to be erased": ("post", "/profile/erase/", {"email": "alice@example.com"}),
    "to sign others out": ("post", "/devices/others/", {}),
    "to sign out everywhere": ("post", "/devices/logout/", {}),
    "to let another device in": ("post", "/devices/new/", {}),
    "a passkey": ("get", "/accounts/2fa/webauthn/add/", {}),
    "an app": ("get", "/accounts/2fa/totp/activate/", {}),
    "a password": ("post", "/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD}),
    "another provider": ("post", "/accounts/oidc/cognito/login/", {"process": "connect"}),
    "to disconnect one": ("post", "/accounts/3rdparty/", {"account": "1"}),
    "another address": ("post", "/accounts/email/", {"action_add": "", "email": "mallory@evil.example"}),
}


@pytest.mark.parametrize("what", SERIOUS)
def test_whoever_finds_a_device_unlocked_gets_nothing(standard, cognito, configure, found, settings, what):
    settings.CONFIRM_EMAIL = True
    configure(config_of(standard), config_of(cognito, "cognito"), local=True)
    method, path, fields = SERIOUS[what]
    if what == "to disconnect one":
        account = SocialAccount.objects.get()
        fields = {"account": account.pk}
        SocialAccount.objects.create(user=account.user, provider="cognito", uid="x")

    answer = getattr(found.client, method)(path, fields)

    asked = answer["Location"]
    assert asked.startswith((AGAIN, "/accounts/oidc/cognito/again/"))
    assert query_of(asked)["next"] == path
    page = found.client.get(asked)
    assert (page.status_code, "to go on" in page.text) == (200, True)
    assert User.objects.get().emailaddress_set.count() == 1
    assert not User.objects.get().has_usable_password()


def test_who_has_just_come_is_not_asked(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")

    assert visitor.client.get(DATA).status_code == 200


def test_after_signing_in_there_once_more_it_goes_on(standard, found):
    asked = found.client.get(DATA)["Location"]
    there = found.client.post(asked)["Location"]
    assert (query_of(there)["prompt"], query_of(there)["max_age"]) == ("login", "300")

    answer = found.come_back(found.at_provider(there))

    assert (answer.status_code, found.path, found.redirects) == (200, DATA, 2)
    assert found.client.post(EXPORT).getvalue().startswith(b"PK")


def test_a_form_that_was_sent_goes_on_by_a_form(standard, found):
    """Not by an address that others could lead to."""
    asked = found.client.post(EXPORT)["Location"]

    page = found.come_back(found.at_provider(found.client.post(asked)["Location"]))

    assert (page.status_code, found.path) == (200, AGAIN)
    assert "Go on" in page.text
    assert found.client.get(asked).status_code == 200
    assert found.client.post(asked).getvalue().startswith(b"PK")


def test_somebody_else_at_the_provider_is_not_her(standard, found):
    alice = found.person
    there = found.client.post(found.client.get(DATA)["Location"])["Location"]
    found.there.cookies.clear()

    page = found.come_back(found.at_provider(there, "mallory"))

    assert (page.status_code, found.path) == (403, "/accounts/oidc/sso/failed/other/")
    assert (found.person, User.objects.count()) == (alice, 1)
    assert f'action="{AGAIN}"' in page.text
    assert f'name="next" value="{DATA}"' in page.text
    assert found.client.get(DATA).status_code == 302


def test_who_signed_in_there_long_ago_has_to_do_it_anew(standard, found):
    standard.twist(id_token={"set": {"auth_time": int(time.time()) - 1000}})

    page = found.come_back(
        found.at_provider(found.client.post(found.client.get(DATA)["Location"])["Location"])
    )

    assert (page.status_code, found.path) == (403, "/accounts/oidc/sso/failed/other/")
    assert found.client.get(DATA).status_code == 302


@pytest.mark.parametrize("twist", [{"drop": ["auth_time"]}, {"set": {"auth_time": "now"}}], ids=str)
def test_a_provider_that_does_not_say_when_is_believed(standard, found, twist):
    standard.twist(id_token=twist)

    found.come_back(found.at_provider(found.client.post(found.client.get(DATA)["Location"])["Location"]))

    assert found.path == DATA


def test_a_provider_that_is_gone_is_said_to_be(standard, found):
    standard.twist(discovery={"status": 500})

    page = found.come_back(found.client.post(found.client.get(DATA)["Location"])["Location"])

    assert (page.status_code, found.path) == (503, "/accounts/oidc/sso/failed/gone/")
    assert f'action="{AGAIN}"' in page.text


def test_where_it_goes_on_is_never_elsewhere(standard, found):
    there = found.client.post(AGAIN, {"next": "https://evil.example/"})["Location"]

    found.come_back(found.at_provider(there))

    assert found.path == "/profile/"


def test_who_has_a_password_is_asked_for_that(standard, found):
    alice = User.objects.get()
    alice.set_password(PASSWORD)
    alice.save()
    found.client.force_login(alice)

    assert found.client.get(AGAIN).status_code == 404
    assert found.client.get(DATA)["Location"].startswith("/accounts/reauthenticate/")


def test_nobody_is_asked_for_what_they_have_not(standard, configure, visitor):
    configure(config_of(standard), local=True)
    assert visitor.client.get(AGAIN)["Location"].startswith("/accounts/login/")
    bob = make_user("bob")
    visitor.client.force_login(bob)

    assert visitor.client.get(AGAIN).status_code == 404


def test_trying_again_to_connect_still_connects(standard, cognito, configure, visitor):
    """It does not sign in as somebody else instead."""
    configure(config_of(standard), config_of(cognito, "cognito"))
    visitor.sign_in("alice")
    alice = visitor.person
    cognito.people(robert={"email": "robert@other.example"})
    cognito.twist(id_token={"set": {"nonce": "x"}})

    page = visitor.sign_in("robert", "cognito", process="connect")

    assert visitor.path == "/accounts/oidc/cognito/failed/refused/"
    assert 'name="process" value="connect"' in page.text
    cognito.twist()
    visitor.sign_in("robert", "cognito", process="connect")
    assert visitor.person == alice
    assert SocialAccount.objects.filter(user=alice).count() == 2
