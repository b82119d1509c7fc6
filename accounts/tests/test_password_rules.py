"""What a password may be: long, of any characters, and taken as it is."""

import re

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.people import PASSWORD
from chat.tests.situations import client_of

pytestmark = pytest.mark.django_db

CHANGE = "/accounts/password/change/"
PAGES = ("/accounts/login/", "/accounts/signup/", CHANGE, "/accounts/reauthenticate/")
ODD = (
    "  blanks before and after  ",
    "onlysmallletters",
    "0987612345678",
    "pässwörter und 日本語 🗝️",
    "<script>\"';--%00\\",
    "x y" * 60,
)


def change(user: User, new: str, *, old: str = PASSWORD) -> int:
    fields = {"oldpassword": old, "password1": new, "password2": new}
    return client_of(user).post(CHANGE, fields).status_code


def signs_in(user: User, password: str) -> bool:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("password", ODD)
def test_any_characters_make_a_password_and_each_counts(bob, password):
    assert change(bob, password) == 302

    assert signs_in(bob, password)
    for other in (password.strip(), password.swapcase(), password[:-1], password[:64], password + " "):
        if other != password:
            assert not signs_in(bob, other), other


@pytest.mark.parametrize("password", ["short", "123456789", "password1234", "qwertyuiop", "bob@example.com"])
def test_what_anybody_would_guess_is_refused(bob, password):
    assert change(bob, password) == 422
    assert signs_in(bob, PASSWORD)


@pytest.mark.parametrize(
    "password", ["ChatScape2026", "chatscape-chat", "Example.org-1!", "welcomechatscape"]
)
def test_the_words_of_the_place_make_no_password(bob, settings, password):
    settings.PUBLIC_URL = "https://chat.example.org"

    assert change(bob, password) == 422
    assert change(bob, f"{password} and a horse") == 302


def test_another_password_needs_the_old_one(bob):
    for old in ("", "wrong", PASSWORD.upper()):
        assert change(bob, "another long password", old=old) == 422
    assert signs_in(bob, PASSWORD)


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", CHANGE, "/accounts/reauthenticate/"]
)
def test_fields_hide_what_is_typed_and_help_password_managers(bob, settings, path):
    settings.SIGN_UP = "open"
    client = Client() if path in ("/accounts/login/", "/accounts/signup/") else client_of(bob)

    fields = re.findall(r"<input[^>]*password[^>]*>", client.get(path).text)

    assert fields
    for field in fields:
        if 'type="hidden"' not in field:
            assert 'type="password"' in field
            assert re.search(r'autocomplete="(current|new)-password"', field)
            assert not re.search("maxlength|onpaste", field)
