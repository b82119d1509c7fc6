"""Whoever moderates and goes away is asked who they are before they go on; whoever chats is not."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.sessions import SINCE
from accounts.staff import IDLE_MOST, SEEN
from accounts.tests.people import PASSWORD
from chat.tests.situations import client_of

pytestmark = pytest.mark.django_db
AGAIN = "/accounts/reauthenticate/?next="
ADMIN = "/admin/"


def away(client: Client, seconds: float) -> None:
    """Let so much time pass since whatever was done in the session."""
    session = client.session
    for name in {SEEN, SINCE} & set(session.keys()):
        session[name] -= seconds
    for record in session.get("account_authentication_methods", []):
        record["at"] -= seconds
    session.save()


@pytest.fixture
def desk(alice: User) -> Client:
    """The browser of somebody who runs the server and has just looked at the admin site."""
    client = client_of(alice)
    assert client.get(ADMIN).status_code == 200
    return client


def test_who_was_away_is_asked_and_goes_on(desk: Client) -> None:
    away(desk, IDLE_MOST + 60)
    asked = desk.get(ADMIN)["Location"]
    assert asked == f"{AGAIN}%2Fadmin%2F"
    assert desk.get(ADMIN)["Location"] == asked, "and again"
    assert desk.post(asked, {"password": "not that"}).status_code == 422
    assert desk.get(ADMIN).status_code == 302

    assert desk.post(asked, {"password": PASSWORD})["Location"] == ADMIN
    assert desk.get(ADMIN).status_code == 200


def test_who_goes_on_working_is_never_asked(desk: Client) -> None:
    for _look in range(5):
        away(desk, IDLE_MOST - 300)
        assert desk.get(ADMIN).status_code == 200


def test_what_was_sent_while_away_is_done_once_it_is_known_who_asks(desk: Client, bob: User) -> None:
    away(desk, IDLE_MOST + 60)
    asked = desk.post(f"/admin/accounts/user/{bob.pk}/change/", {"do": "active", "reason": "Spam"})[
        "Location"
    ]
    assert asked.startswith(AGAIN)
    bob.refresh_from_db()
    assert bob.is_active

    desk.post(asked, {"password": PASSWORD})
    bob.refresh_from_db()
    assert not bob.is_active


def test_a_chat_stays_open(desk: Client) -> None:
    away(desk, IDLE_MOST + 60)
    assert desk.get("/").status_code == 200
    assert desk.get("/profile/").status_code == 200


def test_looking_writes_the_session_once_a_minute(desk: Client) -> None:
    seen = desk.session[SEEN]
    away(desk, 30)
    desk.get(ADMIN)
    assert desk.session[SEEN] == seen - 30
    away(desk, 40)
    desk.get(ADMIN)
    assert desk.session[SEEN] > seen - 30


def test_who_has_nothing_to_be_asked_for_signs_in_anew(desk: Client, alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    desk.force_login(alice)
    assert desk.get(ADMIN).status_code == 200
    away(desk, IDLE_MOST + 60)

    assert desk.get(ADMIN)["Location"] == "/accounts/2fa/"
    assert "Sign out and in again" in desk.get("/accounts/2fa/").text


def test_nobody_else_learns_more_than_before(bob: User) -> None:
    client = client_of(bob)
    before = client.get(ADMIN)
    away(client, IDLE_MOST + 60)
    after = client.get(ADMIN)

    assert (before.status_code, before.headers.get("Location")) == (
        after.status_code,
        after.headers.get("Location"),
    )
