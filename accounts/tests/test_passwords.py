"""Changing and resetting passwords."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.test import Client

from accounts.models import User
from accounts.tests.people import PASSWORD

NEW = "a new horse battery"
RESET, CHANGE = "/accounts/password/reset/", "/accounts/password/change/"

pytestmark = pytest.mark.django_db


def mailed_path(mail: Any) -> str:
    [link] = [word for word in mail.body.split() if "/accounts/password/reset/key/" in word]
    return str(link).removeprefix("http://testserver")


def test_asking_for_a_reset_answers_the_same_for_every_address(client: Client, bob: User) -> None:
    answers = [client.post(RESET, {"email": email}) for email in ("bob@example.com", "nobody@example.com")]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, RESET + "done/")}
    pages = [client.get(answer["Location"]).content for answer in answers]
    assert len({len(page) for page in pages}) == 1
    assert client.post(RESET, {"email": "bob"}).status_code == 422


def test_a_mailed_link_resets_the_password_once_and_ends_all_sessions(
    client: Client, bob: User, mailoutbox: list[Any]
) -> None:
    elsewhere = Client()
    elsewhere.force_login(bob)
    client.post(RESET, {"email": "BOB@example.com"})
    path = mailed_path(mailoutbox[0])
    form = client.get(path)["Location"]
    assert "set-password" in form, "the key leaves the address bar"
    assert client.post(form, {"password1": "short", "password2": "short"}).status_code == 422
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    assert elsewhere.get("/profile/").status_code == 302
    assert Client().get(path).status_code == 200, "a used link leads to no form"


def test_a_mailed_link_is_of_use_for_an_hour(
    client: Client, bob: User, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(RESET, {"email": bob.email})
    path, now = mailed_path(mailoutbox[0]), datetime.now()  # noqa: DTZ005 - as Django
    for minutes, found in ((59, True), (61, False)):
        then = now + timedelta(minutes=minutes)
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self, then=then: then)
        answer = Client().get(path)
        assert ("set-password" in answer.get("Location", "")) == found, minutes


def test_changing_the_password_keeps_this_session_and_ends_the_others(client: Client, bob: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(bob)
    client.force_login(bob)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    for mistake in ({"oldpassword": "wrong"}, {"password1": "short"}, {"password2": "another horse"}):
        assert client.post(CHANGE, {**form, **mistake}).status_code == 422
    assert client.post(CHANGE, form)["Location"] == "/profile/"
    assert client.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_a_mail_server_that_is_down_tells_known_from_unknown_addresses_no_better(
    client: Client, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    answers = [client.post(RESET, {"email": email}) for email in ("bob@example.com", "nobody@example.com")]
    assert {answer.status_code for answer in answers} == {302}
