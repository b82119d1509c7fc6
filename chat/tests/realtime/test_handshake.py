"""Who may open a socket (RT2): checked before it is accepted."""

import asyncio
import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from chat.realtime import door, handshake
from chat.realtime.hub import ensure_hub, stop_hub
from chat.tests.realtime.pages import HOST, Loopback, Refused, database, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(alice):
    return sign_in(alice)


@pytest.fixture(autouse=True)
async def hub_ends():
    yield
    await stop_hub()


async def refused(session, **options) -> int:
    with pytest.raises(Refused) as refusal:
        await Loopback.open(session, **options)
    assert not ensure_hub().groups
    assert not ensure_hub().sockets
    return refusal.value.status


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://evil.example",
        f"https://{HOST}.evil.example",
        f"https://evil.example/{HOST}",
        f"https://{HOST}:8443",
        f"ftp://{HOST}",
        f"//{HOST}",
        HOST,
        f"https://user@{HOST}",
        "https://[::1",
        "\xff\xfe",
    ],
)
async def test_pages_of_others_are_refused(session, origin):
    assert await refused(session, origin=origin) == 403


async def test_where_pages_come_by_https_others_are_refused(open_page, alice, session, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert await refused(session, origin=f"http://{HOST}") == 403
    await (await open_page(alice, session=session, origin=f"https://{HOST}")).done("ping")


async def test_an_unknown_host_is_refused(session):
    assert await refused(session, host="evil.example", origin="https://evil.example") == 403


@pytest.mark.parametrize(
    "origin", [f"https://{HOST}", f"http://{HOST}", f"HTTPS://{HOST.upper()}", "https://public.example"]
)
async def test_own_pages_are_let_in(open_page, alice, session, settings, origin):
    settings.CSRF_TRUSTED_ORIGINS = ["https://public.example"]
    await (await open_page(alice, session=session, origin=origin)).done("ping")


@pytest.mark.parametrize("key", [None, "", "x", "0" * 32, "é" * 8, "' OR 1=1 --", "a;b", "x" * 5_000])
async def test_nobody_is_refused(transactional_db, key):
    assert await refused(key) == 403


async def test_an_expired_session_is_refused(session):
    await database(Session.objects.update, expire_date=timezone.now() - timedelta(seconds=1))
    assert await refused(session) == 403


async def test_a_session_of_an_older_password_is_refused(alice, session):
    alice.set_password("another long password")
    await database(alice.save)
    assert await refused(session) == 403


async def test_an_inactive_person_is_refused(alice, session):
    alice.is_active = False
    await database(alice.save)
    assert await refused(session) == 403


async def test_a_deleted_person_is_refused(alice, session):
    await database(alice.delete)
    assert await refused(session) == 403


async def test_a_session_of_another_backend_is_refused(session, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert await refused(session) == 403


async def test_a_foreign_room_in_the_address_is_refused(open_page, mallory, alice, session, room):
    outside = await database(sign_in, mallory)
    for named in (room.id, "00000000-0000-0000-0000-000000000000", "lobby", "%FF"):
        assert await refused(outside, path=f"/ws/?room={named}") == 403
    await (await open_page(alice, session=session, path=f"/ws/?room={room.id}")).done("ping")


@pytest.mark.parametrize("path", ["/", "/ws", "/ws//", "/rooms/", "/ws/x"])
async def test_sockets_live_at_one_address(session, path):
    assert await refused(session, path=path) == 403


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_without_the_database_nobody_gets_in(session, monkeypatch, error):
    def gone(scope):
        raise error("gone")

    monkeypatch.setattr(handshake, "session_of", gone)
    assert await refused(session) == 503


async def test_without_the_database_a_frame_is_refused_and_the_socket_stays(
    open_page, alice, room, monkeypatch, caplog
):
    from chat.realtime import posting

    page = await open_page(alice)
    with monkeypatch.context() as patch:

        def gone(postings):
            raise OperationalError("secret words")

        patch.setattr(posting, "post_messages", gone)
        what = {
            "room": str(room.id),
            "client_id": "6f2b1f2e-9d0a-4c39-9e39-2f9d3a6d0f11",
            "body": "secret words",
        }
        reply = await page.ask("message.post", **what)
    assert (reply["code"], reply["retry_after"]) == ("unavailable", 5)
    assert "secret words" not in caplog.text
    await page.done("message.post", **what)


async def test_a_frozen_database_is_told_of_in_time(open_page, alice, room, monkeypatch):
    """What was asked for may happen still; asking again finds it."""
    from chat.realtime import posting, requests

    page, thaw = await open_page(alice), threading.Event()
    what = {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": "Once"}
    with monkeypatch.context() as patch:

        def frozen(postings):
            thaw.wait(20)
            return plain(postings)

        plain = posting.post_messages
        patch.setattr(posting, "post_messages", frozen)
        patch.setattr(requests, "PATIENCE", 0.2)
        reply = await page.ask("message.post", **what)
        assert (reply["code"], reply["retry_after"]) == ("unavailable", 5)
        thaw.set()
    reply = await page.done("message.post", **what)
    assert (reply["sequence"], reply["revision"]) == (1, 1)


async def test_handshakes_that_come_together_are_checked_together(alice, session, monkeypatch):
    jobs = []

    async def counted(work, scopes):
        jobs.append(len(scopes))
        return await in_database(work, scopes)

    in_database = door.in_database
    monkeypatch.setattr(door, "in_database", counted)
    outside = [None, "forged", "x" * 32] * 10
    keys = [session] * 30 + outside
    outcomes = await asyncio.gather(*(Loopback.open(key) for key in keys), return_exceptions=True)
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [False] * 30 + [True] * 30
    assert sum(jobs) == len(keys)
    assert len(jobs) < len(keys) / 4
    for page in outcomes[:30]:
        await page.close()


async def test_a_check_that_fails_fails_for_one(alice, session, monkeypatch, caplog):
    check = handshake.session_of

    def fails(scope):
        if b"room=odd" in scope["query_string"]:
            raise KeyError("reason")
        return check(scope)

    monkeypatch.setattr(handshake, "session_of", fails)
    odd, *pages = await asyncio.gather(
        Loopback.open(session, path="/ws/?room=odd"),
        *(Loopback.open(session) for _ in range(5)),
        return_exceptions=True,
    )
    assert isinstance(odd, KeyError)
    for page in pages:
        await page.close()


async def test_a_check_takes_three_plain_queries(room, session, django_assert_num_queries):
    headers = [(b"cookie", f"chatscape_session={session}".encode())]
    scope = {"headers": headers, "query_string": f"room={room.id}".encode()}

    def counted():
        with django_assert_num_queries(3):
            return handshake.session_of(scope)

    assert await database(counted) is not None
