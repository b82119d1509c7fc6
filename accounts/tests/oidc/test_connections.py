"""Connecting a provider with one's account, and disconnecting it."""

import time

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.socialaccount.models import SocialAccount

from accounts.models import User
from accounts.oidc.models import BelievedAddress
from accounts.tests.oidc.visits import Visitor, config_of
from accounts.tests.people import PASSWORD, make_user

URL = "/accounts/3rdparty/"


@pytest.fixture
def bob(db):
    return make_user("bob", email="bob@home.example")


def at_home(person: User, *, password: bool = True) -> Visitor:
    """Somebody who has just typed their password."""
    visitor = Visitor()
    visitor.client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    if password:
        visitor.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return visitor


def test_a_provider_is_connected_and_lets_one_in(standard, configure, bob, settings, mailoutbox):
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    configure(config_of(standard), local=True)
    visitor = at_home(bob)
    page = visitor.client.get(URL).text
    assert "Continue with Example" in page
    assert 'name="process" value="connect"' in page

    answer = visitor.sign_in("robert", process="connect")

    assert (answer.status_code, visitor.path) == (200, URL)
    assert "robert@example.com" in answer.text
    assert "Continue with" not in answer.text
    other = Visitor()
    other.sign_in("robert")
    assert other.person == str(bob.pk)
    assert list(bob.emailaddress_set.values_list("email", flat=True)) == ["bob@home.example"]
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["bob@home.example"], "A way to sign in was added")
    ]
    assert "Example was connected" in mailoutbox[0].body


def test_the_password_is_asked_for_first(standard, configure, bob):
    configure(config_of(standard), local=True)
    visitor = at_home(bob, password=False)
    records = visitor.client.session[AUTHENTICATION_METHODS_SESSION_KEY]
    assert not any(record.get("reauthenticated") for record in records)

    answer = visitor.client.post("/accounts/oidc/sso/login/", {"process": "connect"})

    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert standard.seen() == []
    back = visitor.client.post(answer["Location"], {"password": PASSWORD})
    assert back["Location"].startswith(standard.url), "and then it goes on"


def test_a_password_typed_long_ago_is_asked_for_again(standard, configure, bob, monkeypatch):
    configure(config_of(standard), local=True)
    visitor = at_home(bob)
    back = visitor.at_provider(visitor.leave(process="connect"))
    later = time.time() + 500
    monkeypatch.setattr("allauth.account.internal.flows.reauthentication.time.time", lambda: later)

    asked = visitor.come_back(back)

    assert visitor.path == "/accounts/reauthenticate/"
    assert asked.status_code == 200
    assert not SocialAccount.objects.exists()
    assert "eyJ" not in str(dict(visitor.client.session)), "no token waits for it"
    monkeypatch.undo()
    visitor.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert SocialAccount.objects.get().user == bob


def test_a_visitor_connects_nothing(standard, configure, visitor):
    configure(config_of(standard), local=True)

    assert visitor.client.post("/accounts/oidc/sso/login/", {"process": "connect"})["Location"].startswith(
        "/accounts/login/"
    )
    assert visitor.client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_what_is_connected_with_another_account_stays_there(standard, configure, bob):
    configure(config_of(standard), local=True)
    Visitor().sign_in("alice")
    visitor = at_home(bob)

    answer = visitor.sign_in("alice", process="connect")

    assert "connected to another account" in answer.text
    assert visitor.person == str(bob.pk)
    assert SocialAccount.objects.get().user != bob


def test_connecting_proves_an_address_that_was_believed(standard, configure, db):
    configure(config_of(standard), local=True)
    robert = make_user("robert")
    BelievedAddress.objects.create(address=robert.emailaddress_set.get())

    at_home(robert).sign_in("robert", process="connect")

    assert not BelievedAddress.objects.exists()


def test_connecting_gives_no_role(standard, configure, bob):
    configure(config_of(standard, admin_groups=frozenset({"admins"})), local=True)
    standard.people(robert={"groups": ["admins"]})

    at_home(bob).sign_in("robert", process="connect")

    bob.refresh_from_db()
    assert bob.role == "member"


def disconnect(visitor: Visitor):
    return visitor.client.post(URL, {"account": SocialAccount.objects.get().pk})


def test_disconnecting(standard, configure, bob, settings, mailoutbox):
    configure(config_of(standard), local=True)
    visitor = at_home(bob)
    visitor.sign_in("robert", process="connect")
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True

    assert disconnect(visitor)["Location"] == URL

    assert [mail.subject for mail in mailoutbox] == ["A way to sign in was removed"]
    assert "Disconnected." in visitor.client.get(URL).text
    assert not SocialAccount.objects.exists()
    other = Visitor()
    other.sign_in("robert")
    assert other.person != str(bob.pk)


@pytest.mark.parametrize("local", [True, False])
def test_the_last_way_in_stays(standard, configure, visitor, local):
    configure(config_of(standard), local=local)
    visitor.sign_in("alice")

    answer = disconnect(visitor)

    assert answer.status_code == 422
    assert "your only way to sign in" in answer.text
    assert SocialAccount.objects.exists()


def test_a_password_is_no_way_in_where_it_is_not_asked_for(standard, configure, bob):
    configure(config_of(standard), local=True)
    visitor = at_home(bob)
    visitor.sign_in("robert", process="connect")
    configure(config_of(standard), local=False)

    assert disconnect(visitor).status_code == 422


def test_a_provider_that_is_not_configured_any_more_is_no_way_in(standard, cognito, configure, visitor):
    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    visitor.sign_in("alice", "standard")
    visitor.sign_in("alice", "cognito")
    configure(config_of(cognito, "cognito"))
    accounts = {each.provider: each.pk for each in SocialAccount.objects.all()}
    assert visitor.client.get(URL).status_code == 200

    assert visitor.client.post(URL, {"account": accounts["cognito"]}).status_code == 422
    assert visitor.client.post(URL, {"account": accounts["standard"]}).status_code == 302


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30])
def test_nobody_disconnects_others(standard, configure, visitor, bob, number):
    configure(config_of(standard), local=True)
    visitor.sign_in("alice")
    mallory = at_home(bob)

    assert disconnect(mallory).status_code == 404
    assert mallory.client.post(URL, {"account": number}).status_code == 404
    assert SocialAccount.objects.exists()
