"""Signing in on the phone with a code shown on another device: once, for four hours."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import device_links
from accounts.device_links import make_link, qr_path
from accounts.models import Device, DeviceLink, User
from accounts.tests.people import PASSWORD, make_user
from accounts.tests.test_devices import MAC, PHONE, URL, confirm, device, is_in, key_of, signed_in_at
from chat.tests.situations import HTMX

NEW, STATE, AGAIN = "/devices/new/", "/devices/new/state/", "/accounts/reauthenticate/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def laptop(bob: User) -> Client:
    """Bob's laptop, just after he typed his password again."""
    return confirm(signed_in_at(bob, MAC))


def phone() -> Client:
    return Client(headers={"user-agent": PHONE})


def code_on(client: Client) -> str:
    """Let a device show a code, and return the path that the phone opens."""
    assert client.post(NEW)["Location"] == NEW
    [link] = set(re.findall(r"http://testserver(/devices/link/[\w-]+/)", client.get(NEW).text))
    return str(link)


def test_the_phone_signs_in_without_typing(laptop: Client, bob: User) -> None:
    path, other = code_on(laptop), phone()
    page = other.get(path)
    assert page.status_code == 200
    assert "Sign in as bob on this device?" in page.text
    assert "Chrome on Android" in page.text

    answer = other.post(path)
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert other.session["_auth_user_id"] == str(bob.pk)
    assert key_of(other) != key_of(laptop)
    assert is_in(laptop)
    assert Device.objects.filter(person=bob).count() == 2


def test_the_first_device_learns_that_it_was_used(laptop: Client) -> None:
    path, other = code_on(laptop), phone()
    assert laptop.get(STATE, **HTMX).status_code == 204
    other.post(path)
    told = laptop.get(STATE, **HTMX)
    assert (told.status_code, "hx-trigger" in told.text) == (200, False)
    for page in (told.text, laptop.get(NEW).text):
        assert "Chrome on Android is signed in" in page
        assert path not in page
    listed = laptop.get(URL).text
    assert "Chrome on Android was signed in with the code that you showed here." in listed
    assert "with a code" in listed
    assert "was signed in with the code" not in other.get(URL).text


def test_looking_at_the_link_does_not_use_it(laptop: Client) -> None:
    path, other = code_on(laptop), phone()
    for _ in range(3):
        assert other.get(path).status_code == other.head(path).status_code == 200
    assert "_auth_user_id" not in other.session
    assert other.post(path).status_code == 303


def test_it_works_once(laptop: Client) -> None:
    path = code_on(laptop)
    assert phone().post(path).status_code == 303
    late = phone()
    for answer in (late.get(path), late.post(path)):
        assert answer.status_code == 404
        assert "This code does not work any more" in answer.text
        assert "bob" not in answer.text
    assert "_auth_user_id" not in late.session


def expire(bob: User, laptop: Client) -> None:
    DeviceLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def change_password(bob: User, laptop: Client) -> None:
    new = "a new horse battery"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert laptop.post("/accounts/password/change/", form).status_code == 302


def password_by_hand(bob: User, laptop: Client) -> None:
    bob.set_password("a new horse battery")
    bob.save()


ENDS: dict[str, Callable[[User, Client], Any]] = {
    "four hours are over": expire,
    "it is cancelled": lambda bob, laptop: laptop.post(NEW, {"cancel": "1"}),
    "another code is shown": lambda bob, laptop: laptop.post(NEW),
    "the password is changed": change_password,
    "the password is changed beside the application": password_by_hand,
    "the device signs out": lambda bob, laptop: laptop.post("/accounts/logout/"),
    "bob signs out everywhere": lambda bob, laptop: laptop.post("/devices/logout/"),
    "bob signs out everywhere else": lambda bob, laptop: laptop.post("/devices/others/"),
    "the device is signed out from elsewhere": lambda bob, laptop: confirm(signed_in_at(bob)).post(
        f"/devices/{device(laptop).id}/end/"
    ),
    "the account is closed": lambda bob, laptop: User.objects.filter(pk=bob.pk).update(is_active=False),
    "the account is erased": lambda bob, laptop: bob.delete(),
}


@pytest.mark.parametrize("what", ENDS)
def test_it_works_no_more_when(what: str, laptop: Client, bob: User) -> None:
    path = code_on(laptop)
    assert phone().get(path).status_code == 200
    ENDS[what](bob, laptop)
    late = phone()
    assert late.get(path).status_code == 404
    assert late.post(path).status_code == 404
    assert "_auth_user_id" not in late.session


def test_four_hours_it_is(laptop: Client) -> None:
    code_on(laptop)
    link = DeviceLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(hours=4)


@pytest.mark.parametrize("token", ["x", "A" * 43, "nothing", "_" * 200])
def test_a_made_up_link_opens_nothing(token: str, laptop: Client) -> None:
    code_on(laptop)
    path = f"/devices/link/{token}/"
    assert phone().get(path).status_code == phone().post(path).status_code == 404


def test_the_token_is_long_and_kept_nowhere(laptop: Client) -> None:
    token = code_on(laptop).split("/")[-2]
    assert len(token) == 43, "256 bits"
    row = DeviceLink.objects.values().get()
    assert token not in str(row)
    session = laptop.session
    assert token not in str(dict(session.items()))
    # What a reader of the database has opens nothing.
    for kept in (row["digest"], row["id"].hex, str(row["id"]), row["password"]):
        assert phone().get(f"/devices/link/{kept}/").status_code == 404


def test_another_server_gives_other_tokens(laptop: Client, settings: Settings) -> None:
    path = code_on(laptop)
    link = DeviceLink.objects.get()
    before = device_links._token(link)
    assert before in path
    settings.SECRET_KEY = "another-secret-that-is-long-enough-for-everybody"
    assert device_links._token(link) != before


def test_whoever_finds_a_device_unlocked_lets_nobody_in(bob: User) -> None:
    found = signed_in_at(bob)
    for answer in (found.get(NEW), found.post(NEW)):
        assert answer["Location"].startswith(AGAIN)
    assert not DeviceLink.objects.exists()


def test_the_phone_has_to_type_the_password_before_something_serious(laptop: Client) -> None:
    other = phone()
    other.post(code_on(laptop))
    assert other.get(NEW)["Location"].startswith(AGAIN)


def test_who_is_signed_in_already_uses_nothing_up(laptop: Client) -> None:
    path = code_on(laptop)
    assert "You are signed in here already" in laptop.get(path).text
    before = key_of(laptop)
    laptop.post(path)
    assert key_of(laptop) == before
    assert phone().post(path).status_code == 303


def test_on_somebody_elses_phone_they_are_signed_out_first(laptop: Client, bob: User, mallory: User) -> None:
    path, hers = code_on(laptop), signed_in_at(mallory, PHONE)
    before = key_of(hers)
    assert "mallory is signed out here first." in hers.get(path).text
    hers.post(path)
    assert hers.session["_auth_user_id"] == str(bob.pk)
    assert not Device.objects.filter(person=mallory).exists()
    assert not Device.objects.filter(session=before).exists()


def test_identity_comes_from_the_link_alone(laptop: Client, bob: User, mallory: User) -> None:
    other = phone()
    forged = {
        "user": str(mallory.pk),
        "person": str(mallory.pk),
        "email": mallory.email,
        "next": "//evil.example/",
    }
    assert other.post(code_on(laptop), forged)["Location"] == "/"
    assert other.session["_auth_user_id"] == str(bob.pk)


def test_a_link_needs_the_form_of_its_page(laptop: Client) -> None:
    path, strict = code_on(laptop), Client(enforce_csrf_checks=True)
    assert strict.post(path).status_code == 403
    assert DeviceLink.objects.filter(used_at=None).count() == 1


def test_the_session_is_a_new_one(laptop: Client) -> None:
    path, other = code_on(laptop), phone()
    session = other.session
    session["before"] = True
    session.save()
    other.cookies["chatscape_session"] = before = str(session.session_key)
    other.post(path)
    assert key_of(other) != before
    assert not other.session.exists(before)


def test_the_page_is_kept_by_nobody(laptop: Client) -> None:
    path = code_on(laptop)
    for answer in (laptop.get(NEW), phone().get(path)):
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "same-origin"


def test_the_code_is_a_picture_of_the_link(laptop: Client, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://chat.example.com"
    laptop.post(NEW)
    page = laptop.get(NEW).text
    [url] = set(re.findall(r"https://chat\.example\.com/devices/link/[\w-]+/", page))
    width, path = qr_path(url)
    assert f'viewBox="0 0 {width} {width}"' in page
    assert f'd="{path}"' in page
    assert urlsplit(url).query == ""


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1:8000", True), ("localhost", True), ("testserver", False)]
)
def test_a_name_that_only_this_computer_knows_is_told(host: str, said: bool, laptop: Client) -> None:
    laptop.post(NEW)
    assert ("Other devices do not reach this address" in laptop.get(NEW, headers={"host": host}).text) is said


def test_the_picture_is_what_the_library_draws() -> None:
    width, path = qr_path("https://chat.example.com/devices/link/x/")
    cells = set(re.findall(r"M(\d+) (\d+)h1v1h-1z", path))
    # The three corners that cameras look for, inside a quiet edge of four cells.
    for x, y in ((4, 4), (width - 11, 4), (4, width - 11)):
        assert all((str(x + step), str(y)) in cells for step in range(7))
    assert not any(int(x) < 4 or int(y) < 4 for x, y in cells)


@pytest.mark.django_db(transaction=True)
def test_of_two_phones_at_once_one_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    bob = make_user("bob")
    link = make_link(device(signed_in_at(bob)))
    path, barrier = f"/devices/link/{device_links._token(link)}/", Barrier(4, timeout=20)
    works = device_links._works

    def meet(found: DeviceLink) -> bool:
        # All have found that it works before any of them takes it.
        answer = works(found)
        if connection.vendor != "sqlite":
            barrier.wait()
        return answer

    def take(number: int) -> int:
        try:
            if connection.vendor == "sqlite":
                # There one writes at a time.
                barrier.wait()
            return phone().post(path).status_code
        finally:
            connection.close()

    monkeypatch.setattr(device_links, "_works", meet)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [303, 404, 404, 404]
    assert Device.objects.filter(person=bob, by_link=True).count() == 1
