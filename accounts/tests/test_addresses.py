"""One's e-mail addresses: what counts is what has been confirmed."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.tests.people import PASSWORD, make_user
from chat.models import Contact

URL, AGAIN = "/accounts/email/", "/accounts/reauthenticate/"
CAROL = {"email": "carol@example.com", "action_add": ""}

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser, just after he typed his password again."""
    client.force_login(bob)
    client.post(AGAIN, {"password": PASSWORD})
    return client


def test_a_request_by_address_shows_once_the_address_is_confirmed(alice: User) -> None:
    Contact.objects.create(owner=alice, email="carol@example.com", name="Carol")
    carol = make_user("carol", verified=False)
    assert not Contact.objects.requests_to(carol).exists()
    carol.emailaddress_set.update(verified=True)
    assert Contact.objects.requests_to(carol).exists()


def test_the_confirmation_can_be_sent_again(
    client: Client, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = True
    client.force_login(make_user("carol", verified=False))
    assert "Not confirmed" in client.get(URL).content.decode()
    assert client.post(URL, {"email": "carol@example.com", "action_send": ""}).status_code == 302
    assert [mail.to for mail in mailoutbox] == [["carol@example.com"]]


def test_a_confirmed_address_is_not_written_to(
    bobs: Client, bob: User, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = True
    bobs.post(URL, {"email": bob.email, "action_send": ""})
    assert mailoutbox == []


def test_another_address_waits_for_its_confirmation(
    bobs: Client, bob: User, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = True
    assert bobs.post(URL, CAROL).status_code == 302
    assert bob.emailaddress_set.filter(email="carol@example.com", verified=False).exists()
    assert len(mailoutbox) == 1
    assert bobs.post(URL, {**CAROL, "email": "carol"}).status_code == 422


def test_without_mail_nobody_collects_the_addresses_of_others(
    bobs: Client, bob: User, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = False
    assert "action_add" not in bobs.get(URL).content.decode()
    assert bobs.post(URL, CAROL).status_code == 422
    assert bob.emailaddress_set.count() == 1


def test_a_session_left_open_asks_for_the_password_before_an_address_changes(
    client: Client, bob: User, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    client.force_login(bob)
    asked = client.post(URL, CAROL)["Location"]
    assert asked.startswith(AGAIN)
    assert bob.emailaddress_set.count() == 1
    assert client.post(asked, {"password": "wrong", "next": URL}).status_code == 422
    assert client.post(asked, {"password": PASSWORD, "next": URL})["Location"] == URL
    assert bob.emailaddress_set.count() == 2, "what was asked for goes on"


def test_an_address_that_another_account_holds_unconfirmed_cannot_become_the_main_one(
    bobs: Client, bob: User, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    make_user("carol", verified=False)
    bob.emailaddress_set.create(email="carol@example.com", verified=True)
    assert bobs.post(URL, {"email": "carol@example.com", "action_primary": ""}).status_code == 302
    bob.refresh_from_db()
    assert bob.email == bob.emailaddress_set.get(primary=True).email == "bob@example.com"
