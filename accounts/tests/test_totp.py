"""Authenticator apps: setting one up, the second step, and codes that work once."""

import threading
from base64 import b64decode
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.codes import use_code
from accounts.models import User
from accounts.tests.keys import ACTIVATE, STEP, code_of, held, is_in, recent, set_up_app, sign_in, visitor
from accounts.tests.people import make_user

pytestmark = pytest.mark.django_db

DEACTIVATE, AGAIN = "/accounts/2fa/totp/deactivate/", "/accounts/2fa/reauthenticate/"


def step(client: Client, code: str) -> Any:
    return client.post(STEP, {"code": code})


def test_the_page_shows_a_picture_and_the_key_as_text(bob: User) -> None:
    page = recent(bob).get(ACTIVATE)
    html, secret = page.content.decode(), page.context["form"].secret
    assert f'data-text="{secret}"' in html
    assert page.context["secret"].replace(" ", "") == secret
    assert page.context["secret"] in html
    assert f"secret={secret}" in page.context["totp_url"]
    assert "issuer=ChatScape%20localhost" in page.context["totp_url"]
    picture = b64decode(html.split('src="data:image/svg+xml;base64,')[1].split('"')[0])
    assert b"<svg" in picture
    assert b"<script" not in picture
    assert "no-store" in page["Cache-Control"]
    assert "http://www" not in html.split("<main")[1], "nobody else draws it"


def test_a_wrong_code_turns_nothing_on_and_keeps_the_key(bob: User) -> None:
    client = recent(bob)
    secret = client.get(ACTIVATE).context["form"].secret
    for code in ("", "12345", "abcdef", code_of(secret, steps=5)):
        answer = client.post(ACTIVATE, {"code": code})
        assert answer.status_code == 422
        assert answer.context["form"].secret == secret
    assert held(bob) == []


def test_turning_it_on_leads_to_recovery_codes(bob: User) -> None:
    client = recent(bob)
    secret = client.get(ACTIVATE).context["form"].secret
    assert client.post(ACTIVATE, {"code": code_of(secret)})["Location"] == "/accounts/2fa/recovery-codes/"
    assert held(bob) == ["recovery_codes", "totp"]
    assert client.get(ACTIVATE)["Location"] == DEACTIVATE, "one app a person"


def test_signing_in_asks_for_the_code(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = visitor()
    client.post("/accounts/login/", {"login": bob.email, "password": "wrong"})
    assert client.get(STEP)["Location"] == "/accounts/login/", "the password comes first"
    sign_in(bob, client)
    assert client.get("/profile/").status_code == 302
    assert step(client, "000000").status_code == 422
    assert not is_in(client)
    assert step(client, f" {code_of(secret)[:3]} {code_of(secret)[3:]} ")["Location"] == "/"
    assert is_in(client)


def test_what_was_asked_for_goes_on_after_the_second_step(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = visitor()
    client.post(
        "/accounts/login/", {"login": bob.email, "password": "correct horse battery", "next": "/profile/"}
    )
    assert step(client, code_of(secret))["Location"] == "/profile/"


def test_no_code_works_twice(bob: User) -> None:
    secret = set_up_app(recent(bob))
    code = code_of(secret)
    assert step(sign_in(bob), code).status_code == 302
    assert step(sign_in(bob), code).status_code == 422
    # It is right for longer than allauth remembers it in the cache.
    from django.core.cache import cache

    cache.clear()
    assert step(sign_in(bob), code).status_code == 422
    assert step(sign_in(bob), code_of(secret, steps=-1)).status_code == 422, "nor an older one"
    assert step(sign_in(bob), code_of(secret, steps=1)).status_code == 302


def test_the_code_that_turned_it_on_is_used(bob: User) -> None:
    client = recent(bob)
    secret = client.get(ACTIVATE).context["form"].secret
    code = code_of(secret)
    client.post(ACTIVATE, {"code": code})
    assert step(sign_in(bob), code).status_code == 422


def test_codes_of_long_ago_and_of_others_are_refused(bob: User, mallory: User) -> None:
    secret, hers = set_up_app(recent(bob)), set_up_app(recent(mallory))
    client = sign_in(bob)
    for code in (code_of(secret, steps=-3), code_of(secret, steps=3), code_of(hers)):
        assert step(client, code).status_code == 422
    assert not is_in(client)


def test_guessing_is_told_to_wait_also_with_the_right_code_and_from_the_start(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = sign_in(bob)
    assert {step(client, f"{n:06}").status_code for n in range(5)} == {422}
    answer = step(client, code_of(secret))
    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert not is_in(client)
    # Typing the password anew, also elsewhere, starts no new count.
    again = sign_in(bob, visitor(REMOTE_ADDR="192.0.2.7"))
    assert step(again, code_of(secret)).status_code == 429
    assert not is_in(again)


def test_guessing_when_asked_again_is_told_to_wait(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = visitor()
    client.force_login(bob)
    assert {client.post(AGAIN, {"code": f"{n:06}"}).status_code for n in range(5)} == {422}
    answer = client.post(AGAIN, {"code": code_of(secret)})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_turning_it_off_asks_who_is_there(bob: User) -> None:
    secret = set_up_app(recent(bob))
    client = visitor()
    client.force_login(bob)
    assert client.get(DEACTIVATE)["Location"].startswith("/accounts/reauthenticate/")
    assert held(bob) == ["recovery_codes", "totp"]
    assert client.post(AGAIN, {"code": "000000"}).status_code == 422
    assert client.post(AGAIN, {"code": code_of(secret), "next": DEACTIVATE})["Location"] == DEACTIVATE
    assert client.get(DEACTIVATE).status_code == 200
    assert client.post(DEACTIVATE)["Location"] == "/accounts/2fa/"
    assert held(bob) == []
    assert is_in(sign_in(bob))


def test_the_database_alone_tells_nobody_the_key(bob: User, settings: Settings) -> None:
    client = recent(bob)
    secret = set_up_app(client)
    [kept] = Authenticator.objects.filter(user=bob, type="totp").values_list("data", flat=True)
    assert secret not in str(kept)
    client = sign_in(bob)
    right, settings.SECRET_KEY = settings.SECRET_KEY, "another" * 10
    with pytest.raises(Exception, match="did not work"):
        use_code(bob, code_of(secret))
    settings.SECRET_KEY_FALLBACKS = [right]
    assert use_code(bob, code_of(secret))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_the_same_code_at_once_one_gets_in() -> None:
    bob = make_user("bob")
    secret = set_up_app(recent(bob))
    code, start, found = code_of(secret), threading.Barrier(4), []

    def send() -> None:
        start.wait(10)
        try:
            found.append(use_code(bob, code))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4
    assert len([one for one in found if one]) == 1
