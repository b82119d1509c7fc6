"""What passkeys, authenticator apps and recovery codes share: the page, the questions, the notices."""

import time
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.tests.keys import (
    ACTIVATE,
    ADD,
    STEP,
    add_passkey,
    code_of,
    held,
    is_in,
    recent,
    set_up_app,
    sign_in,
    visitor,
)
from accounts.tests.people import PASSWORD, make_user
from chat.models import AuditEntry

pytestmark = pytest.mark.django_db

PAGE, AGAIN = "/accounts/2fa/", "/accounts/reauthenticate/"


def test_one_page_leads_to_everything_about_signing_in(bob: User) -> None:
    client = visitor()
    assert client.get(PAGE)["Location"].startswith("/accounts/login/?next=/accounts/2fa/")
    client.force_login(bob)
    page = client.get(PAGE).content.decode()
    for path in ("/accounts/email/", "/accounts/password/change/", ADD, ACTIVATE):
        assert f'href="{path}"' in page
    assert PAGE in client.get("/profile/").content.decode()
    assert client.get("/accounts/2fa/webauthn/")["Location"] == PAGE


def test_somebody_without_a_password_is_offered_to_choose_one(bob: User) -> None:
    bob.set_unusable_password()
    bob.save()
    client = visitor()
    client.force_login(bob)
    page = client.get(PAGE).content.decode()
    assert "/accounts/password/set/" in page
    assert "/accounts/password/change/" not in page


def test_somebody_without_a_password_can_have_passkeys_and_codes(bob: User) -> None:
    bob.set_unusable_password()
    bob.save()
    client = visitor()
    client.force_login(bob)
    came_with_a_provider(client, bob, ago=10)
    add_passkey(client)
    other = visitor()
    other.force_login(bob)
    asked = other.get(ACTIVATE)["Location"]
    assert asked.startswith("/accounts/2fa/webauthn/reauthenticate/"), "now there is something to ask for"


def came_with_a_provider(client: Client, user: User, *, ago: float) -> None:
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": time.time() - ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.mark.parametrize("ago", [None, 400])
def test_a_session_that_somebody_without_a_password_left_open_adds_nothing(
    bob: User, ago: float | None
) -> None:
    bob.set_unusable_password()
    bob.save()
    client = visitor()
    client.force_login(bob)
    if ago:
        came_with_a_provider(client, bob, ago=ago)
    for path in (ADD, ACTIVATE):
        assert client.get(path)["Location"] == PAGE
        assert client.post(path, {"code": "000000", "credential": "{}"})["Location"] == PAGE
    assert "Sign out and in again" in client.get(PAGE).content.decode()
    assert held(bob) == []


@pytest.mark.parametrize("path", [ADD, ACTIVATE, "/accounts/2fa/recovery-codes/generate/"])
def test_a_session_left_open_adds_nothing(bob: User, path: str) -> None:
    client = visitor()
    client.force_login(bob)
    for answer in (client.get(path), client.post(path, {"code": "000000", "credential": "{}"})):
        assert answer["Location"].startswith(f"{AGAIN}?next=")
    assert visitor().get(path).status_code == 302
    assert held(bob) == []


def test_whoever_has_not_proved_the_address_locks_nobody_out(settings: Settings) -> None:
    settings.CONFIRM_EMAIL = True
    carol = make_user("carol", verified=False)
    client = recent(carol)
    for path in (ADD, ACTIVATE):
        assert client.get(path)["Location"] == "/accounts/email/"
        assert client.post(path, {"code": "000000", "credential": "{}"})["Location"] == "/accounts/email/"
    assert "Confirm your email first" in client.get("/accounts/email/").content.decode()
    assert held(carol) == []


def test_who_is_asked_again_may_choose_how(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    add_passkey(client)
    ways = {
        AGAIN,
        "/accounts/2fa/reauthenticate/",
        "/accounts/2fa/webauthn/reauthenticate/",
    }
    for here in ways:
        page = client.get(here, {"next": "/profile/"}).content.decode()
        for way in ways - {here}:
            assert f'href="{way}?next=%2Fprofile%2F"' in page


def test_what_was_asked_for_goes_on_after_a_code(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = visitor()
    client.force_login(bob)
    asked = client.post("/accounts/2fa/totp/deactivate/")["Location"]
    way = asked.replace(AGAIN, "/accounts/2fa/reauthenticate/")
    client.post(way, {"code": code_of(secret), "next": "/accounts/2fa/totp/deactivate/"})
    assert held(bob) == []


def test_the_second_step_can_be_left(bob: User) -> None:
    set_up_app(recent(bob))
    client = sign_in(bob)
    assert client.get(STEP).status_code == 200
    assert client.post("/accounts/logout/", {"next": "/accounts/login/"})["Location"] == "/accounts/login/"
    assert client.get(STEP)["Location"] == "/accounts/login/"


def test_a_new_password_by_mail_does_not_replace_the_second_step(bob: User, mailoutbox: list[Any]) -> None:
    set_up_app(recent(bob))
    client = visitor()
    client.post("/accounts/password/reset/", {"email": bob.email})
    [link] = [word for word in mailoutbox[0].body.split() if "/reset/key/" in word]
    form = client.get(link.removeprefix("http://localhost"))["Location"]
    new = "a new horse battery"
    assert client.post(form, {"password1": new, "password2": new}).status_code == 302
    assert not is_in(client)
    client.post("/accounts/login/", {"login": bob.email, "password": new})
    assert not is_in(client)
    assert client.get(STEP).status_code == 200


def test_the_session_of_the_first_step_is_not_the_one_of_the_second(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = sign_in(bob)
    before = client.session.session_key
    client.post(STEP, {"code": code_of(secret)})
    assert is_in(client)
    assert client.session.session_key != before


@pytest.mark.django_db(transaction=True)
def test_adding_and_removing_is_told_by_mail(settings: Settings, mailoutbox: list[Any]) -> None:
    bob = make_user("bob")
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    client = recent(bob)
    set_up_app(client)
    add_passkey(client)
    client.post("/accounts/2fa/recovery-codes/generate/")
    client.post("/accounts/2fa/totp/deactivate/")
    key = bob.authenticator_set.get(type="webauthn")  # type: ignore[attr-defined]
    client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert [mail.subject for mail in mailoutbox] == [
        "An authenticator app was set up",
        "A passkey was added",
        "New recovery codes were made",
        "The authenticator app was turned off",
        "A passkey was removed",
    ]
    for mail in mailoutbox:
        assert mail.to == [bob.email]
        assert "If this was not you" in mail.body


def test_nobody_finds_keys_in_the_admin_site(client: Client, alice: User) -> None:
    from allauth.mfa.models import Authenticator

    assert not admin.site.is_registered(Authenticator)


def test_a_password_typed_wrong_asks_for_no_second_step(bob: User) -> None:
    set_up_app(recent(bob))
    client = visitor()
    wrong = client.post("/accounts/login/", {"login": bob.email, "password": "wrong"})
    nobody = client.post("/accounts/login/", {"login": "nobody@example.com", "password": PASSWORD})
    assert wrong.context["form"].errors == nobody.context["form"].errors
    assert client.get(STEP)["Location"] == "/accounts/login/"


def test_who_moderates_needs_a_second_factor_where_that_is_asked_for(alice: User, settings: Settings) -> None:
    client = recent(alice)
    assert client.get("/admin/").status_code == 200
    settings.REQUIRE_MFA_FOR_STAFF = True
    assert client.get("/admin/")["Location"] == PAGE
    assert "Moderating needs" in client.get(PAGE).content.decode()
    set_up_app(client)
    assert client.get("/admin/").status_code == 200


def test_whoever_lost_everything_gets_in_again_with_a_command(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    add_passkey(client)
    call_command("remove_second_factor", "BOB@example.com")
    assert held(bob) == []
    assert is_in(sign_in(bob))
    entry = AuditEntry.objects.get(action="person.second_factor_removed")
    assert entry.subject == bob.pseudonym
    for nobody in ("bob@example.com", "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", nobody)
