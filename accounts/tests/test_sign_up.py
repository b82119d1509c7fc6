"""Who may sign up, and who they become."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Role, User
from accounts.tests.people import PASSWORD, make_user

URL = "/accounts/signup/"
BOB = {"email": "bob@example.com", "name": "Bob", "password1": PASSWORD}

pytestmark = pytest.mark.django_db


def form_errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def test_the_first_visitor_becomes_the_owner_and_is_signed_in(client: Client) -> None:
    response = client.post(URL, {"email": "Alice@Example.com", "name": " Alice ", "password1": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")
    alice = User.objects.get()
    assert (alice.role, alice.email, alice.name) == (Role.OWNER, "alice@example.com", "Alice")
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_the_second_visitor_without_an_invitation_may_not_sign_up(client: Client, alice: User) -> None:
    for response in (client.get(URL), client.post(URL, BOB)):
        assert response.status_code == 403
        assert "account/signup_closed.html" in [template.name for template in response.templates]
    assert User.objects.count() == 1


def test_an_open_server_lets_anybody_sign_up_as_a_member(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.SIGN_UP = "open"
    assert client.get(URL).status_code == 200
    assert client.post(URL, BOB).status_code == 302
    assert User.objects.get(name="Bob").role == Role.MEMBER


def test_a_server_whose_owner_is_gone_does_not_fall_to_the_next_visitor(client: Client, bob: User) -> None:
    assert client.post(URL, {**BOB, "email": "mallory@example.com"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", None, "name not provided"),
        ("name", " ", "name is empty"),
        (
            "name",
            "Bob\u202e",
            "name may have letters, digits, spaces, hyphens, underscores, apostrophes and dots",
        ),
        ("email", None, "email not provided"),
        ("email", "bob", "email is not valid"),
    ],
)
def test_a_mistake_answers_422_and_keeps_what_was_typed(
    client: Client, field: str, value: str | None, message: str
) -> None:
    data = {key: given for key, given in {**BOB, field: value}.items() if given is not None}
    response = client.post(URL, data)
    assert response.status_code == 422
    assert form_errors(response) == {field: [message]}
    kept = "name" if field == "email" else "email"
    assert f'value="{BOB[kept]}"' in response.content.decode()
    assert PASSWORD not in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["", "short", "bob@example.com", "1234567890"])
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    response = client.post(URL, {**BOB, "password1": password})
    assert response.status_code == 422
    assert list(form_errors(response)) == ["password1"]


def test_an_address_with_an_account_is_refused_whatever_its_case(
    client: Client, bob: User, settings: Settings
) -> None:
    settings.SIGN_UP = "open"
    response = client.post(URL, {**BOB, "email": "BOB@example.com"})
    assert response.status_code == 422
    # Nothing says which field it is about (docs/decisions.md).
    assert list(form_errors(response)) == ["__all__"]


def test_a_forged_role_or_id_is_ignored(client: Client, alice: User, settings: Settings) -> None:
    settings.SIGN_UP = "open"
    forged = {
        "role": "owner",
        "is_superuser": "on",
        "is_staff": "on",
        "id": str(alice.pk),
        "pk": str(alice.pk),
    }
    assert client.post(URL, {**BOB, **forged}).status_code == 302
    bob = User.objects.get(name="Bob")
    assert (bob.role, bob.is_superuser, bob.is_staff) == (Role.MEMBER, False, False)
    assert bob.pk != alice.pk


def test_without_confirmation_the_address_is_believed_and_no_mail_leaves(
    client: Client, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = False
    client.post(URL, BOB)
    address = EmailAddress.objects.get()
    assert (address.email, address.primary, address.verified) == ("bob@example.com", True, True)
    assert mailoutbox == []


def test_with_confirmation_a_mail_leaves_and_its_link_confirms(
    client: Client, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = True
    assert client.post(URL, BOB)["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get().verified
    [mail] = mailoutbox
    assert mail.to == ["bob@example.com"]
    [link] = [word for word in mail.body.split() if "/accounts/confirm-email/" in word]
    path = link.removeprefix("http://testserver")
    assert client.get(path).status_code == 200
    assert not EmailAddress.objects.get().verified, "opening a link, as mail scanners do, confirms nothing"
    client.post(path)
    assert EmailAddress.objects.get().verified


def test_a_mail_server_that_is_down_does_not_break_signing_up(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CONFIRM_EMAIL = True

    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionRefusedError("bob@example.com")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert client.post(URL, BOB).status_code == 302
    assert "ConnectionRefusedError" in caplog.text
    assert "bob@example.com" not in caplog.text


def test_who_is_signed_in_is_led_home(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get(URL)["Location"] == "/"


def test_the_operator_can_make_the_owner_and_then_administrators() -> None:
    first = User.objects.create_superuser("Root@example.com", PASSWORD, name="Root")
    second = User.objects.create_superuser("admin@example.com", PASSWORD, name="Admin")
    assert (first.role, second.role) == (Role.OWNER, Role.ADMIN)
    assert EmailAddress.objects.filter(
        user=first, email="root@example.com", primary=True, verified=True
    ).exists()


def test_everybody_has_an_address(settings: Settings) -> None:
    settings.CONFIRM_EMAIL = True
    bob = User.objects.create_user("Bob@example.com", name="Bob")
    assert list(bob.emailaddress_set.values_list("email", "primary", "verified")) == [
        ("bob@example.com", True, False)
    ]
    assert not bob.has_usable_password()
    assert make_user("carol").emailaddress_set.get().verified
