"""Who asks is found in the session at every request, and only there."""

from datetime import timedelta

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.tests.people import make_user
from chat.tests.situations import client_of

pytestmark = pytest.mark.django_db
WHO = "/profile/"


@pytest.fixture
def alice():
    return make_user("Alice")


def signed_in(client):
    return client.get(WHO).status_code == 200


def change(client, **values):
    session = client.session
    for name, value in values.items():
        session[name] = value
    session.save()


def test_the_person_is_the_same_as_djangos(alice):
    found = client_of(alice).get(WHO).wsgi_request.user

    expected = User.objects.get(pk=alice.pk)
    for field in User._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(expected, field.attname), field
        assert type(getattr(found, field.attname)) is type(getattr(expected, field.attname)), field


def test_it_takes_two_statements(alice):
    client = client_of(alice)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get("/contacts/nowhere/").status_code == 404

    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * len(queries)
    assert len(queries) <= 2


def test_a_page_for_everybody_asks_nothing(alice):
    client = client_of(alice)
    with CaptureQueriesContext(connection) as queries:
        client.get("/config.json")

    assert len(queries) == 0


def test_a_session_that_was_deleted_holds_no_longer(alice):
    client = client_of(alice)
    assert signed_in(client)

    Session.objects.all().delete()

    assert not signed_in(client)


def test_a_session_that_is_over_holds_no_longer(alice):
    client = client_of(alice)
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=30))
    assert signed_in(client)

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert not signed_in(client)


def test_a_changed_password_holds_at_once(alice):
    client = client_of(alice)
    assert signed_in(client)

    alice.set_password("another-good-password")
    alice.save()

    assert not signed_in(client)


def test_a_person_who_may_no_longer_holds_at_once(alice):
    client = client_of(alice)
    User.objects.update(is_active=False)
    assert not signed_in(client)
    User.objects.all().update(is_active=True)
    assert signed_in(client)
    User.objects.all().delete()
    assert not signed_in(client)


@pytest.mark.parametrize(
    "values",
    [
        {SESSION_KEY: "1"},
        {SESSION_KEY: "nonsense"},
        {SESSION_KEY: "00000000-0000-0000-0000-000000000000"},
        {HASH_SESSION_KEY: ""},
        {HASH_SESSION_KEY: "forged"},
        {"_auth_user_backend": "django.contrib.auth.backends.ModelBackend"},
    ],
)
def test_an_odd_session_is_nobodys(alice, values):
    client = client_of(alice)
    change(client, **values)

    assert not signed_in(client)


def test_a_session_that_was_tampered_with_is_nobodys(alice):
    client = client_of(alice)
    session = Session.objects.get()
    session.session_data = session.session_data[:-1] + ("A" if session.session_data[-1] != "A" else "B")
    session.save()

    assert not signed_in(client)


def test_a_key_that_is_none_asks_for_nothing_strange(db):
    for key in ("", "x", "x" * 100, "\0", "' OR 1=1 --", "é" * 8):
        client = Client()
        client.cookies["chatscape_session"] = key
        assert client.get("/config.json").status_code == 200
        assert not signed_in(client)


def test_a_session_of_the_secret_before_is_renewed(alice, settings):
    client = client_of(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-secret-that-is-long-enough-for-everybody"

    assert signed_in(client)


def test_what_is_saved_is_read_again():
    session = SessionStore()
    session["words"] = {"a": [1, "é"]}
    session.save()

    assert SessionStore(session.session_key)["words"] == {"a": [1, "é"]}
    assert SessionStore(session.session_key).session_key == session.session_key
    lost = SessionStore("nothing-like-it")
    assert dict(lost.items()) == {}
    assert lost.session_key is None
