"""Signing in and out."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.people import PASSWORD

URL = "/accounts/login/"

pytestmark = pytest.mark.django_db


def credentials(user: User, password: str = PASSWORD) -> dict[str, str]:
    return {"login": user.email, "password": password}


def test_the_session_is_a_new_one_after_signing_in(client: Client, bob: User) -> None:
    session = client.session
    session["before"] = True
    session.save()
    before = str(session.session_key)
    client.cookies["chatscape_session"] = before
    assert client.post(URL, credentials(bob)).status_code == 302
    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(bob.pk)
    assert not client.session.exists(before)


def test_the_address_may_be_typed_in_any_case(client: Client, bob: User) -> None:
    assert client.post(URL, {**credentials(bob), "login": " BOB@Example.com "}).status_code == 302


def test_a_mistake_answers_422_and_keeps_the_address(client: Client, bob: User) -> None:
    answer = client.post(URL, credentials(bob, "wrong"))
    assert answer.status_code == 422
    assert 'value="bob@example.com"' in answer.content.decode()
    assert "wrong" not in answer.content.decode()
    assert client.post(URL, {}).status_code == 422


def test_an_unknown_address_and_a_wrong_password_read_the_same(client: Client, bob: User) -> None:
    wrong = client.post(URL, credentials(bob, "wrong")).context["form"].errors
    unknown = client.post(URL, {"login": "nobody@example.com", "password": "wrong"}).context["form"].errors
    assert wrong == unknown


@pytest.mark.parametrize("path", ["/profile/", "/rooms/?q=a%20b", "/join/x/"])
def test_next_leads_on_inside(client: Client, bob: User, path: str) -> None:
    assert client.post(URL, {**credentials(bob), "next": path})["Location"] == path


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "///evil.example",
        "http:///evil.example",
        "http://testserver/profile/",
        "http://localhost/",
        "javascript:alert(1)",
        "evil",
        "",
    ],
)
def test_next_never_leads_elsewhere(client: Client, bob: User, target: str) -> None:
    assert client.post(URL, {**credentials(bob), "next": target})["Location"] == "/"
    assert client.get(URL, {"next": target})["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": target})["Location"] == "/"


def test_a_closed_account_does_not_sign_in(client: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    client.post(URL, credentials(bob))
    assert "_auth_user_id" not in client.session


def test_an_account_closed_while_signed_in_is_out_at_once(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get("/profile/").status_code == 200
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert client.get("/profile/").status_code == 302


def test_a_flood_of_sign_ins_is_told_to_wait(client: Client, bob: User) -> None:
    answers = [client.post(URL, {"login": f"{n}@example.com", "password": "x"}) for n in range(40)]
    last = answers[-1]
    assert answers[0].status_code == 422
    assert last.status_code == 429
    assert int(last["Retry-After"]) > 0
    assert 'value="39@example.com"' in last.content.decode()


def test_guessing_one_password_is_told_to_wait_and_keeps_the_address(client: Client, bob: User) -> None:
    statuses = [client.post(URL, credentials(bob, f"guess {n}")).status_code for n in range(5)]
    assert set(statuses) == {422}
    answer = client.post(URL, credentials(bob))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert 'value="bob@example.com"' in answer.content.decode()


def test_only_a_post_signs_out(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_the_admin_site_has_no_door_of_its_own(client: Client, bob: User) -> None:
    assert client.get("/admin/login/")["Location"].startswith(URL)
    client.force_login(bob)
    assert client.get("/admin/login/").status_code == 403


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/logout/", "/devices/logout/", "/accounts/signup/"]
)
def test_a_page_of_others_signs_nobody_in_or_out(bob: User, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    before = strict.session.session_key
    form = {
        "login": bob.email,
        "email": bob.email,
        "password": PASSWORD,
        "password1": PASSWORD,
        "name": "Bob",
    }

    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert strict.post(path, form, headers=headers).status_code == 403
        assert Client(enforce_csrf_checks=True).post(path, form, headers=headers).status_code == 403

    assert strict.session.session_key == before
    assert strict.get("/profile/").status_code == 200
