"""What a password may be: long, of any characters, and taken as it is."""

import re
import time
from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from accounts.passwords import WordsOfThePlaceValidator
from accounts.tests.people import PASSWORD
from chat.tests.situations import client_of

pytestmark = pytest.mark.django_db

CHANGE = "/accounts/password/change/"
PAGES = ("/accounts/login/", "/accounts/signup/", CHANGE, "/accounts/reauthenticate/")
ODD = (
    "  blanks before and after  ",
    "onlysmallletters",
    "0987602814736",
    "pässwörter und 日本語 🗝️",
    "<script>\"';--%00\\",
    " ".join(f"Word {number}" for number in range(40)),
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


@pytest.mark.parametrize(
    "password",
    [
        *("short", "123456789", "password1234", "qwertyuiop", "bob@example.com"),
        # What people make of a common password that is too short, and of what fingers write by themselves.
        *("Football123!", "!!sunshine7", "liverpool2025", "passw0rd2024", "jordan23!?"),
        *("12345678901234", "0987654321abc", "qwertyasdfgh1", "abcdefghijklmnop", "zyxwvutsrq12"),
        *("aaaaaaaaaaaa", "abcabcabcabc", "1212121212", "x y x y x y x y "),
    ],
)
def test_what_anybody_would_guess_is_refused(bob, password):
    assert change(bob, password) == 422
    assert signs_in(bob, PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "football in the rain",
        "liverpool-sunshine-7",
        "abcd and nothing more",
        "hahaha, that is mine",
        "1066 and all that",
        "qwertz by the sea",
        "password of my garden",
        "3.14159265358",
    ],
)
def test_words_that_are_common_make_a_password_with_others(bob, password):
    assert change(bob, password) == 302


def test_looking_at_a_long_password_takes_no_time(bob):
    began = time.process_time()
    for password in ("1234567890" * 400, "ab" * 2_000 + "c", "\u0130" * 4_000, f"x{'!' * 500_000}x"):
        with suppress(ValidationError):
            WordsOfThePlaceValidator().validate(password)
    assert time.process_time() - began < 5


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
