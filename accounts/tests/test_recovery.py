"""Recovery codes: shown once, each works once."""

from urllib.parse import unquote

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.keys import STEP, add_passkey, held, is_in, recent, set_up_app, sign_in, visitor

pytestmark = pytest.mark.django_db

CODES, RENEW = "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/"


def codes(client: Client) -> list[str]:
    page = client.get(CODES)
    assert page.context["can_view_codes"]
    return list(page.context["unused_codes"])


def test_codes_are_shown_once_and_can_be_kept(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    page = client.get(CODES)
    shown, html = page.context["unused_codes"], page.content.decode()
    assert len(set(shown)) == 10
    assert all(code in html for code in shown)
    file = html.split('href="data:text/plain;charset=utf-8,')[1].split('"')[0]
    assert unquote(file).split() == shown
    assert "no-store" in page["Cache-Control"]
    again = client.get(CODES).content.decode()
    assert not any(code in again for code in shown)
    assert client.get(f"{CODES}download/").status_code == 403


def test_a_code_lets_in_once(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    first, second, *_ = codes(client)
    visitor = sign_in(bob)
    assert visitor.post(STEP, {"code": first}).status_code == 302
    assert is_in(visitor)
    again = sign_in(bob)
    assert again.post(STEP, {"code": first}).status_code == 422
    assert not is_in(again)
    assert again.post(STEP, {"code": f"{second[:4]} {second[4:]}"}).status_code == 302
    assert "8 left" in client.get("/accounts/2fa/").content.decode()


def test_codes_help_whoever_has_lost_the_only_passkey(bob: User) -> None:
    client = recent(bob)
    add_passkey(client)
    shown = codes(client)
    visitor = sign_in(bob)
    assert visitor.post(STEP, {"code": shown[9]}).status_code == 302
    assert is_in(visitor)


def test_new_codes_end_the_old_ones(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    old = codes(client)
    assert client.get(RENEW).status_code == 200
    assert client.post(RENEW)["Location"] == CODES
    new = codes(client)
    assert not set(old) & set(new)
    assert sign_in(bob).post(STEP, {"code": old[0]}).status_code == 422
    assert sign_in(bob).post(STEP, {"code": new[0]}).status_code == 302


def test_new_codes_are_for_whoever_types_the_password_again(bob: User) -> None:
    client = recent(bob)
    set_up_app(client)
    left_open = visitor()
    left_open.force_login(bob)
    for path in (CODES, RENEW):
        assert left_open.get(path)["Location"].startswith("/accounts/reauthenticate/")
    assert left_open.post(RENEW)["Location"].startswith("/accounts/reauthenticate/")
    assert codes(client), "nobody has seen them"


def test_there_are_no_codes_without_something_to_lose(bob: User) -> None:
    client = recent(bob)
    assert client.get(CODES).status_code == 404
    assert client.post(RENEW).status_code == 422
    assert held(bob) == []


def test_codes_of_others_are_refused(bob: User, mallory: User) -> None:
    set_up_app(recent(bob))
    hers = recent(mallory)
    set_up_app(hers)
    assert sign_in(bob).post(STEP, {"code": codes(hers)[0]}).status_code == 422
