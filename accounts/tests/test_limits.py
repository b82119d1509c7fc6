"""Signing in, signing up and asking for a new password are limited, by account and by address (MO5)."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.people import PASSWORD
from chatscape.rates import DEFAULTS, Limit, Rate, rates_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings):
    """The limits as they are unless somebody says otherwise; tests run without."""
    settings.SIGN_UP = "open"
    default = {
        name: Limit(*(rate and Rate.parse(rate) for rate in rates)) for name, rates in DEFAULTS.items()
    }
    settings.ACCOUNT_RATE_LIMITS = {
        "login_failed": rates_of(default["sign_in"]),
        "signup": rates_of(default["sign_up"]),
        "reset_password": rates_of(default["reset"]),
    }


def elsewhere(number: int) -> Client:
    return Client(REMOTE_ADDR=f"192.0.2.{number}")


def guess(client: Client, email: str, typed: str = "wrong") -> int:
    return client.post("/accounts/login/", {"login": email, "password": typed}).status_code


def test_one_account_is_not_guessed_at_from_everywhere(bob: User) -> None:
    assert [guess(elsewhere(number), bob.email) for number in range(1, 7)] == [422] * 5 + [429]
    # Not even the right password passes then: it would tell.
    assert guess(elsewhere(9), bob.email, PASSWORD) == 429


def test_one_address_does_not_guess_at_every_account(bob: User) -> None:
    statuses = [guess(elsewhere(1), f"somebody{number}@example.com") for number in range(11)]
    assert statuses == [422] * 10 + [429]
    assert guess(elsewhere(2), bob.email, PASSWORD) == 302


def test_who_knows_the_password_is_never_limited(bob: User) -> None:
    assert {guess(elsewhere(1), bob.email, PASSWORD) for _time in range(12)} == {302}


def test_sign_up_keeps_what_was_typed(settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "signup": "2/3600s/ip"}
    typed = {"email": "new@example.com", "name": "New One", "password1": "short"}
    answers = [elsewhere(1).post("/accounts/signup/", typed) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    page = answers[-1].content.decode()
    assert int(answers[-1]["Retry-After"]) > 0
    for words in ('value="new@example.com"', 'value="New One"', "Wait a moment and try again."):
        assert words in page
    # Nothing was checked: that would have been the attempt.
    assert "too short" not in page
    assert elsewhere(2).post("/accounts/signup/", typed).status_code == 422


def test_a_reset_keeps_what_was_typed_and_mails_so_often(bob: User, mailoutbox: list[object]) -> None:
    answers = [
        elsewhere(number).post("/accounts/password/reset/", {"email": bob.email}) for number in range(1, 7)
    ]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert len(mailoutbox) == 5
    assert f'value="{bob.email}"' in answers[-1].content.decode()
    assert int(answers[-1]["Retry-After"]) > 0


def test_an_address_is_found_behind_proxies_and_not_believed_without(bob: User, settings) -> None:
    def behind(forwarded: str) -> Client:
        return Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(10):
        assert guess(behind(f"198.51.100.{number}, 192.0.2.1"), f"a{number}@example.com") == 422
    assert guess(behind("198.51.100.77, 192.0.2.1"), "b@example.com") == 429
    assert guess(behind("192.0.2.2"), "b@example.com") == 422
    # A request that has not come through all proxies is counted, not an error.
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    assert guess(behind("192.0.2.3"), "c@example.com") == 422


def test_without_a_proxy_of_ours_nobody_says_where_they_come_from(bob: User, settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    claims = [
        {"HTTP_X_FORWARDED_FOR": "198.51.100.1"},
        {"HTTP_X_REAL_IP": "198.51.100.2"},
        {"HTTP_FORWARDED": "for=198.51.100.3"},
        {"HTTP_CF_CONNECTING_IP": "198.51.100.4"},
        {"HTTP_TRUE_CLIENT_IP": "198.51.100.5"},
        {"HTTP_CLIENT_IP": "198.51.100.6"},
    ]
    statuses = [
        guess(Client(REMOTE_ADDR="192.0.2.9", **claims[number % 6]), f"a{number}@example.com")
        for number in range(11)
    ]
    assert statuses == [422] * 10 + [429]


def test_all_of_an_ipv6_network_is_one_address() -> None:
    statuses = [
        guess(Client(REMOTE_ADDR=f"2001:db8:1:2::{number:x}"), f"a{number}@example.com")
        for number in range(11)
    ]
    assert statuses == [422] * 10 + [429]
    assert guess(Client(REMOTE_ADDR="2001:db8:1:3::1"), "a@example.com") == 422
