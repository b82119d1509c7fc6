"""Where one is signed in: seen, and ended from elsewhere (ID11)."""

import re
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import devices
from accounts.device_names import device_of
from accounts.models import Device, User
from accounts.sessions import SessionStore
from accounts.tests.people import PASSWORD
from chat.realtime import publisher

URL, AGAIN, LOGIN = "/devices/", "/accounts/reauthenticate/", "/accounts/login/"
OTHERS, ALL = f"{URL}others/", f"{URL}logout/"
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0"

pytestmark = pytest.mark.django_db


def signed_in_at(user: User, agent: str = MAC) -> Client:
    client = Client(headers={"user-agent": agent})
    assert client.post(LOGIN, {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def confirm(client: Client) -> Client:
    assert client.post(AGAIN, {"password": PASSWORD, "next": URL}).status_code == 302
    return client


def key_of(client: Client) -> str:
    return client.cookies["chatscape_session"].value


def device(client: Client) -> Device:
    return Device.objects.get(session=key_of(client))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[tuple[str, Any]]:
    """What sockets are told."""
    found: list[tuple[str, Any]] = []
    monkeypatch.setattr(publisher, "publish", lambda group, event: found.append((group, event)))
    return found


AGENTS = {
    PHONE: ("Chrome", "Android", "phone"),
    MAC: ("Firefox", "Mac", "computer"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1": ("Safari", "iPhone", "phone"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148": ("Safari", "iPhone", "phone"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1": ("Chrome", "iPhone", "phone"),
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Mobile/15E148 Safari/604.1": ("Safari", "iPad", "tablet"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Safari/605.1.15": ("Safari", "Mac", "computer"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36 Edg/131.0.0.0": ("Edge", "Windows", "computer"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36 OPR/115.0.0.0": ("Opera", "Windows", "computer"),
    "Mozilla/5.0 (Linux; Android 10; SM-T510) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 "
    "Chrome/122.0.0.0 Safari/537.36": ("Samsung Internet", "Android", "tablet"),
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36": ("Chrome", "ChromeOS", "computer"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0": (
        "Firefox",
        "Linux",
        "computer",
    ),
    "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0": ("Firefox", "Android", "phone"),
    "curl/8.9.1": ("", "", "other"),
    "": ("", "", "other"),
    "\0<script>" + "Android " * 100_000: ("", "Android", "tablet"),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_device_is_named_by_what_its_browser_says(agent: str) -> None:
    assert tuple(device_of(agent)) == AGENTS[agent]


def test_names_are_said_as_people_would(bob: User) -> None:
    assert str(Device(browser="Chrome", system="Android")) == "Chrome on Android"
    assert str(Device(system="iPhone")) == "iPhone"
    assert str(Device()) == "Unknown device"


def test_the_page_lists_each_device_and_marks_this_one(bob: User, mallory: User) -> None:
    laptop, phone = signed_in_at(bob), signed_in_at(bob, PHONE)
    signed_in_at(mallory, "Mozilla/5.0 (X11; CrOS x86_64) Chrome/131.0")
    page = laptop.get(URL).text

    assert page.index("Firefox on Mac") < page.index("This device") < page.index("Chrome on Android")
    assert page.count("Active now") == 2
    assert page.count("This device") == 1
    assert "ChromeOS" not in page
    assert f"{URL}{device(phone).id}/end/" in page
    assert f"{URL}{device(laptop).id}/end/" not in page
    for client in (laptop, phone):
        assert key_of(client) not in page


def test_nothing_more_is_kept_than_the_page_shows(bob: User) -> None:
    signed_in_at(bob, PHONE)
    row = Device.objects.values().get()
    kept = " ".join(str(value) for name, value in row.items() if name != "session_id")
    assert "127.0.0.1" not in kept
    assert "AppleWebKit" not in kept


def test_a_device_that_was_not_used_says_since_when(bob: User) -> None:
    laptop, phone = signed_in_at(bob), signed_in_at(bob, PHONE)
    Device.objects.filter(pk=device(phone).pk).update(seen_at=timezone.now() - timedelta(days=3, minutes=1))
    page = laptop.get(URL).text
    assert page.count("Active now") == 1
    assert re.search(r"Last seen 3\sdays ago", page)


def test_one_device_is_signed_out_from_another(
    bob: User, told: Any, django_capture_on_commit_callbacks: Any
) -> None:
    laptop, phone = confirm(signed_in_at(bob)), signed_in_at(bob, PHONE)
    with django_capture_on_commit_callbacks(execute=True):
        answer = laptop.post(f"{URL}{device(phone).id}/end/", follow=True)
    assert "That device is signed out." in answer.text
    assert is_in(laptop)
    assert not is_in(phone)
    assert Device.objects.count() == Session.objects.exclude(pk=key_of(phone)).count() == 1
    [(group, event)] = told
    assert str(bob.id) in group.replace("-", "") or str(bob.id) in group
    assert event["name"] == "access.ended"


def test_nobody_signs_out_somebody_elses_device(bob: User, mallory: User) -> None:
    phone, hers = signed_in_at(bob, PHONE), confirm(signed_in_at(mallory))
    assert hers.post(f"{URL}{device(phone).id}/end/").status_code == 404
    assert hers.post(f"{URL}00000000-0000-4000-8000-000000000000/end/").status_code == 404
    # An id in the form is nobody's word.
    hers.post(OTHERS, {"person": str(bob.id), "user": str(bob.id), "device_id": str(device(phone).id)})
    assert is_in(phone)


@pytest.mark.parametrize("path", [OTHERS, ALL, "one"])
def test_whoever_finds_a_device_unlocked_signs_nobody_out(path: str, bob: User) -> None:
    found, other = signed_in_at(bob), signed_in_at(bob, PHONE)
    path = f"{URL}{device(other).id}/end/" if path == "one" else path
    asked = found.post(path)["Location"]
    assert asked.startswith(AGAIN)
    assert is_in(other)
    assert found.post(asked, {"password": "wrong", "next": path}).status_code == 422
    assert is_in(other)
    # Who knows the password goes on where they were.
    assert found.post(asked, {"password": PASSWORD, "next": path}).status_code in (302, 303)
    assert not is_in(other)


def test_signing_out_everywhere_else_keeps_this_device(bob: User, mallory: User) -> None:
    laptop, others = confirm(signed_in_at(bob)), [signed_in_at(bob, PHONE) for _ in range(3)]
    hers = signed_in_at(mallory)
    assert "3 devices are signed out." in laptop.post(OTHERS, follow=True).text
    assert is_in(laptop)
    assert is_in(hers)
    assert not any(is_in(other) for other in others)
    assert [row.person for row in Device.objects.filter(person=bob)] == [bob]


def test_signing_out_everywhere_ends_this_device_too(bob: User, mallory: User) -> None:
    laptop, other, hers = confirm(signed_in_at(bob)), signed_in_at(bob, PHONE), signed_in_at(mallory)
    assert laptop.post(ALL)["Location"] == "/"
    assert not is_in(laptop)
    assert not is_in(other)
    assert is_in(hers)
    assert not Device.objects.filter(person=bob).exists()


def test_ending_this_device_signs_out(bob: User) -> None:
    laptop = confirm(signed_in_at(bob))
    assert laptop.post(f"{URL}{device(laptop).id}/end/")["Location"] == "/"
    assert not is_in(laptop)


def test_a_device_goes_with_its_session(bob: User) -> None:
    clients = [signed_in_at(bob) for _ in range(3)]
    clients[0].post("/accounts/logout/")
    Session.objects.filter(pk=key_of(clients[1])).delete()
    assert [row.session_id for row in Device.objects.all()] == [key_of(clients[2])]
    bob.delete()
    assert not Device.objects.exists()


def test_a_session_deleted_by_hand_is_shown_no_more(bob: User) -> None:
    laptop, phone = signed_in_at(bob), signed_in_at(bob, PHONE)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_session WHERE session_key = %s", [key_of(phone)])
    assert "Android" not in laptop.get(URL).text
    assert Device.objects.count() == 1


def test_another_password_keeps_this_device_and_ends_the_others(bob: User) -> None:
    laptop, phone = signed_in_at(bob), signed_in_at(bob, PHONE)
    before = device(laptop)
    new = "a new horse battery"
    laptop.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert device(laptop).id == before.id
    assert device(laptop).session_id != before.session_id
    assert not is_in(phone)
    assert "Android" not in laptop.get(URL).text


def test_who_signs_in_as_somebody_else_leaves_the_first_one(bob: User, mallory: User) -> None:
    client = signed_in_at(bob)
    before = key_of(client)
    client.force_login(mallory)
    assert not Session.objects.filter(pk=before).exists()
    assert [row.person for row in Device.objects.all()] == [mallory]


def test_sessions_that_are_over_are_deleted_when_somebody_signs_in(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "PRUNED_AT_ONCE", 2)
    for _ in range(3):
        signed_in_at(bob)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    laptop = signed_in_at(bob)
    assert Session.objects.count() == Device.objects.count() == 2
    signed_in_at(bob)
    assert Device.objects.count() == 2
    assert is_in(laptop)


def writes(client: Client) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/contacts/").status_code == 200
    return [
        query["sql"] for query in queries if not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))
    ]


@pytest.fixture
def minutes_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let some minutes pass."""

    def later() -> None:
        monkeypatch.setattr(devices, "recent", devices.Recent())
        Device.objects.update(seen_at=F("seen_at") - devices.SEEN_EVERY)

    return later


def test_that_a_device_is_used_is_written_once_in_some_minutes(
    bob: User, minutes_later: Callable[[], None]
) -> None:
    client = signed_in_at(bob)
    assert writes(client) == []
    minutes_later()
    [write] = writes(client)
    assert "accounts_device" in write
    assert timezone.now() - device(client).seen_at < timedelta(seconds=20)
    assert writes(client) == []


def test_the_minutes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now, recent = 1000.0, devices.Recent()
    monkeypatch.setattr(devices, "time", SimpleNamespace(monotonic=lambda: now))
    assert [recent.add("one"), recent.add("two"), recent.add("one")] == [True, True, False]
    now += devices.SEEN_EVERY.total_seconds() - 1
    assert not recent.add("one")
    now += 1
    assert [recent.add("one"), recent.add("one")] == [True, False]


def test_what_another_process_has_written_is_not_written_again(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in_at(bob)
    before = device(client).seen_at
    monkeypatch.setattr(devices, "recent", devices.Recent())
    client.get("/contacts/")
    assert device(client).seen_at == before


def test_that_it_cannot_be_written_breaks_no_page(
    bob: User, minutes_later: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, tried = signed_in_at(bob), []
    minutes_later()

    def refuse(*args: object, **kwargs: object) -> None:
        tried.append(args)
        raise DatabaseError

    monkeypatch.setattr("django.db.models.query.QuerySet.update", refuse)
    assert client.get("/contacts/").status_code == 200
    assert tried


def test_an_open_socket_counts_as_used(bob: User) -> None:
    client = signed_in_at(bob)
    Device.objects.update(seen_at=timezone.now() - timedelta(days=1))
    devices.seen_connected({key_of(client), "nobodys"})
    assert devices.is_active(device(client))


def test_whoever_signs_in_in_whatever_way_is_noted(bob: User) -> None:
    assert any("accounts.devices" in str(found[0]) for found in user_logged_in.receivers)
    client = Client(headers={"user-agent": PHONE})
    client.force_login(bob)
    assert Device.objects.count() == 1


def test_a_session_without_a_device_gets_one_when_its_page_is_asked_for(bob: User) -> None:
    client = signed_in_at(bob)
    Device.objects.all().delete()
    assert "Firefox on Mac" in client.get(URL).text


def test_a_session_ends_after_thirty_days_however_much_it_is_used(
    bob: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in_at(bob)
    began = Session.objects.get(pk=key_of(client)).expire_date
    assert timedelta(days=29, hours=23) < began - timezone.now() <= timedelta(days=30)
    # A week later something in it changes: the end does not.
    session = client.session
    session["signed_in"] -= 7 * 86_400
    session.save()
    session = client.session
    session["changed"] = True
    session.save()
    later = Session.objects.get(pk=key_of(client)).expire_date
    assert timedelta(days=22, hours=23) < later - timezone.now() <= timedelta(days=23)
    confirm(client)
    assert int(client.cookies["chatscape_session"]["max-age"]) <= 23 * 86_400


def test_whatever_ends_a_session_its_sockets_are_told(
    bob: User, told: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = signed_in_at(bob)
    with django_capture_on_commit_callbacks(execute=True):
        # As Django's own `logout` does, which the admin site would call.
        SessionStore(key_of(client)).flush()
    assert [event["name"] for _group, event in told] == ["access.ended"]
    assert not Device.objects.exists()


def test_the_admin_site_has_no_way_out_of_its_own(alice: User) -> None:
    client = signed_in_at(alice)
    assert client.post("/admin/logout/")["Location"] == "/accounts/logout/"
    assert is_in(client)


def test_whoever_was_signed_in_before_devices_were_noted_has_one(bob: User) -> None:
    clients = [signed_in_at(bob) for _ in range(3)]
    Device.objects.all().delete()
    visitor, gone = SessionStore(), SessionStore()
    visitor["invitation"] = "x"
    gone["_auth_user_id"] = "00000000-0000-4000-8000-000000000000"
    for session in (visitor, gone):
        session.save()
    Session.objects.filter(pk=key_of(clients[2])).update(expire_date=timezone.now() - timedelta(days=1))
    import_module("accounts.migrations.0004_devices").adopt_sessions(apps, None)
    assert {(row.session_id, row.person) for row in Device.objects.all()} == {
        (key_of(client), bob) for client in clients[:2]
    }
