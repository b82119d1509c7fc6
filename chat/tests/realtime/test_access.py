"""Access that ends: sockets are closed or silenced, at no cost for what is delivered (ID11, RT2)."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tests.people import PASSWORD
from chat import events
from chat.actions.moderation import set_active, set_role
from chat.actions.rooms import leave_room
from chat.models import Membership, Room
from chat.realtime import access, publisher
from chat.realtime.access import Sweep
from chat.realtime.hub import ensure_hub
from chat.tests.realtime.pages import database, notice, says, sign_in
from chat.tests.situations import befriend, client_of, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def by_event(settings, monkeypatch):
    """Let nothing but events end anything."""
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(access, "ROUND", 60)


@pytest.fixture
def by_sweep(settings, monkeypatch):
    """Let nothing but the sweep end anything."""
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(access, "ROUND", 0.02)
    monkeypatch.setattr(access, "GAP", 0.01)
    monkeypatch.setattr(events, "_publish", lambda group, event: None)


def browser_of(session):
    client = client_of.__globals__["Client"]()
    client.cookies["chatscape_session"] = session
    return client


async def still_open(*pages):
    """Ask each for a sign of life: it answers when it hears its person's events, not before."""
    for page in pages:
        await page.done("ping")


async def test_signing_out_ends_the_sockets_of_that_session(by_event, open_page, alice, bob):
    session = await database(sign_in, alice)
    ended = [await open_page(alice, session=session) for _ in range(2)]
    others = [await open_page(alice), await open_page(bob)]
    await still_open(*ended, *others)
    await database(lambda: browser_of(session).post("/accounts/logout/"))
    for page in ended:
        assert await page.hears_close() == access.SIGN_IN_AGAIN == 4001
    await still_open(*others)


async def test_another_password_ends_all_sessions_that_were_not_renewed(by_event, open_page, alice, bob):
    session = await database(sign_in, alice)
    used, other, friend = (
        await open_page(alice, session=session),
        await open_page(alice),
        await open_page(bob),
    )
    await still_open(used, other, friend)
    browser = browser_of(session)

    def change():
        new = "another long password"
        fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert browser.post("/accounts/password/change/", fields).status_code == 302

    await database(change)
    for page in (used, other):
        assert await page.hears_close() == 4001
    # The browser that changed it has a new session, and goes on with it.
    renewed = await open_page(alice, session=browser.cookies["chatscape_session"].value)
    await database(events.password_changed, await database(User.objects.get, id=alice.id))
    await database(events.inbox_changed, alice)
    await renewed.hears(notice("inbox.changed"))
    await still_open(renewed, friend)


async def test_closing_an_account_ends_all_its_sockets(by_event, open_page, alice, bob):
    pages, other = [await open_page(bob) for _ in range(2)], await open_page(alice)
    await still_open(*pages, other)

    await database(User.objects.filter(pk=alice.pk).update, role="owner")
    await database(lambda: set_active(actor=alice, person=bob, active=False, reason="Spam"))
    for page in pages:
        assert await page.hears_close() == 4001
    await still_open(other)


async def test_another_role_ends_the_sockets_that_were_opened_before(by_event, open_page, alice, bob):
    pages, other = [await open_page(bob) for _ in range(2)], await open_page(alice)
    await still_open(*pages, other)
    await database(lambda: set_role(actor=None, person=bob, role="moderator"))
    for page in pages:
        assert await page.hears_close() == access.ACCESS_CHANGED == 4003
    # A page that came back before the word did knows the role.
    again = await open_page(bob)
    await database(events.access_changed, await database(User.objects.get, id=bob.id))
    await database(events.inbox_changed, bob)
    await again.hears(notice("inbox.changed"))
    await still_open(again, other)


async def test_no_session_is_named_in_clear(alice, monkeypatch):
    told = []
    monkeypatch.setattr(publisher, "publish", lambda group, event: told.append(json.dumps(event)))
    client = await database(client_of, alice)
    key = client.session.session_key
    await database(client.post, "/accounts/logout/")
    await database(events.password_changed, alice)
    assert len(told) == 2
    for secret in (key, alice.password, alice.get_session_auth_hash()):
        assert not any(secret in event for event in told)


def expire(session):
    Session.objects.filter(pk=session).update(expire_date=timezone.now() - timedelta(seconds=1))


BESIDE = {
    "the session was deleted": lambda person, session: Session.objects.filter(pk=session).delete(),
    "the session has expired": lambda person, session: expire(session),
    "the password was changed": lambda person, session: User.objects.filter(pk=person.pk).update(
        password="x"
    ),
    "the account was closed": lambda person, session: User.objects.filter(pk=person.pk).update(
        is_active=False
    ),
    "the person was deleted": lambda person, session: User.objects.filter(pk=person.pk).delete(),
}


async def test_a_role_that_was_changed_beside_the_application_ends_the_socket(
    by_sweep, open_page, alice, bob
):
    page, other = await open_page(bob), await open_page(alice)
    await until(known)
    await database(User.objects.filter(pk=bob.pk).update, role="moderator")
    assert await page.hears_close() == 4003
    await still_open(other)


@pytest.mark.parametrize("what", BESIDE)
async def test_what_happened_beside_the_application_ends_the_socket(what, by_sweep, open_page, alice, bob):
    session = await database(sign_in, bob)
    page, other = await open_page(bob, session=session), await open_page(alice)
    # It has been looked at, and found right.
    await until(known)
    await database(BESIDE[what], bob, session)
    assert await page.hears_close() == 4001
    await still_open(other)


def known():
    return ensure_hub().sweep._known


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_all_sockets_are_looked_at_in_batches_of_few_queries(
    by_event, open_page, alice, bob, room, monkeypatch
):
    from django.db import connections

    counts, wrong = [], await database(sign_in, bob)
    pages = [await open_page(alice) for _ in range(5)]
    for page in pages:
        await page.done("room.join", room=str(room.id))
    sweep = Sweep(ensure_hub().sockets)
    monkeypatch.setattr(access, "ROUND", 0)
    monkeypatch.setattr(access, "GAP", 0)
    await sweep.round()
    ended = await open_page(bob, session=wrong)
    await database(Session.objects.filter(pk=wrong).delete)

    async def counted(work, *args):
        def run():
            with CaptureQueriesContext(connections["default"]) as queries:
                result = work(*args)
            counts.append(len(queries))
            return result

        return await database(run)

    monkeypatch.setattr(access, "in_database", counted)
    monkeypatch.setattr(access, "BATCH", 2)
    await sweep.round()
    # Sessions, people, and their memberships, which have not changed.
    assert counts == [1, 1, 1] * 3
    assert await ended.hears_close() == 4001
    await still_open(*pages)


def test_ten_thousand_sockets_are_looked_at_in_time():
    assert max(10_000 / access.BATCH * access.GAP, access.ROUND) < 5


async def test_nobody_is_sent_away_while_the_database_is_gone(by_sweep, open_page, alice, monkeypatch):
    page, tried = await open_page(alice), asyncio.Event()

    def gone(keys):
        tried.set()
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(access, "_live_sessions", gone)
        await tried.wait()
        await still_open(page)
    await until(known)
    await still_open(page)


def group_of(*people):
    room = Room.objects.create(kind=Room.Kind.GROUP, name="Several")
    Membership.objects.bulk_create(Membership(room=room, user=person) for person in people)
    return room


async def test_who_leaves_a_room_hears_it_no_more(by_event, open_page, alice, bob):
    room = await database(group_of, alice, bob)
    leaver, tab, member = await open_page(bob), await open_page(bob), await open_page(alice)
    for page in (leaver, member):
        await page.done("room.join", room=str(room.id))
    await tab.done("inbox.watch")
    await database(leave_room, member=bob, room_id=room.id)
    for page in (leaver, tab):
        assert json.loads(await page.hears(notice("member.left"))) == {
            "notice": "member.left",
            "room": str(room.id),
        }
    await database(say, alice, room, "Without Bob")
    await member.hears(says("Without Bob"))
    await database(events.inbox_changed, bob)
    for page in (leaver, tab):
        await page.hears(notice("inbox.changed"))
        assert not page.messages()
    assert (await leaver.ask("room.join", room=str(room.id)))["code"] == "not_found"


async def test_a_direct_room_cannot_be_left(alice, bob, room):
    await database(leave_room, member=bob, room_id=room.id)
    assert await database(Membership.objects.filter(room=room).count) == 2


@pytest.mark.parametrize("known_before", [True, False])
async def test_a_membership_that_was_deleted_by_hand_is_noticed(
    known_before, by_event, open_page, alice, bob, mallory, room, monkeypatch
):
    other, sweep = await database(befriend, mallory, bob), Sweep(ensure_hub().sockets)
    monkeypatch.setattr(access, "ROUND", 0)
    monkeypatch.setattr(access, "GAP", 0)
    page, member = await open_page(bob), await open_page(alice)
    await page.done("inbox.watch")
    await member.done("inbox.watch")
    if known_before:
        await sweep.round()
    await database(Membership.objects.filter(user=bob, room=room).delete)
    await sweep.round()
    await page.hears(notice("member.left"))
    await database(say, alice, room, "Without Bob")
    await database(say, mallory, other, "To Bob")
    await page.hears(says("To Bob"))
    await member.hears(says("Without Bob"))
    assert not any("Without Bob" in frame for frame in page.heard)


async def test_who_is_removed_while_they_join_hears_nothing(
    by_event, open_page, alice, bob, room, monkeypatch
):
    from chat.realtime.socket import Socket

    page = await open_page(bob)
    real = Socket.heard

    async def late(self, *rooms):
        await real(self, *rooms)
        # The event came before the socket heard the room, so it silenced nothing.
        await database(Membership.objects.filter(user=bob).delete)

    monkeypatch.setattr(Socket, "heard", late)
    for asked in ({}, {"since": 0}):
        assert (await page.ask("room.join", room=str(room.id), **asked))["code"] == "not_found"
        assert not any(room.id in socket.rooms for socket in ensure_hub().sockets)
        await database(Membership.objects.create, user=bob, room=room, peer=alice)
    assert (await page.done("inbox.watch"))["rooms"] == {}
    assert not any(room.id in socket.rooms for socket in ensure_hub().sockets)


async def test_delivering_asks_the_database_nothing(by_event, open_page, alice, bob, room, monkeypatch):
    pages = [await open_page(person) for person in (alice, bob) * 5]
    for page in pages:
        await page.done("inbox.watch")
    asked, execute = [], CursorWrapper.execute
    monkeypatch.setattr(
        CursorWrapper,
        "execute",
        lambda self, sql, params=None: asked.append(sql) or execute(self, sql, params),
    )
    for number in range(100):
        html = f"<article>Message {number}</article>"
        publisher.publish(f"room.{room.id}", {"name": "message.created", "room": str(room.id), "html": html})
    for page in pages:
        await page.hears(says("Message 99"))
    assert asked == []
    await database(User.objects.count)
    assert len(asked) == 1


async def test_an_ended_socket_is_ended_soon_enough(open_page, alice):
    """With everything as people run it."""
    session = await database(sign_in, alice)
    page, began = await open_page(alice, session=session), time.monotonic()
    await database(Session.objects.filter(pk=session).delete)
    assert await page.hears_close() == 4001
    assert time.monotonic() - began < 5
