"""Access that ends at one process ends sockets at another, whatever carries them (ID11, RT2, RT12)."""

import asyncio
import os
import time

import pytest

from accounts.tests.people import PASSWORD
from chat.tests.realtime.clusters import ask, post, set_scene
from chat.tests.realtime.pages import Page, Wired, notice, says
from chatscape.testing.parts import start_postgres, start_redis
from chatscape.testing.server import Server

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)

SOON = 5
PEOPLE = """
from accounts.tests.people import make_user
from accounts.models import User
from chat.models import Membership, Room
from chat.tests.situations import client_of
alice, bob = User.objects.get(name="Alice"), User.objects.get(name="Bob")
for number in range(40):
    person = make_user(f"Person {number}")
    room = Room.objects.create(kind="group", name="Several")
    for member in (alice, bob, person):
        Membership.objects.create(room=room, user=member)
    sessions = [client_of(person).session.session_key for _ in range(2)]
    print(person.id, *sessions, room.id, person.email)
"""


@pytest.fixture(scope="module")
def layer():
    with start_redis() as server:
        yield server


@pytest.fixture(scope="module")
def parts(layer):
    with start_postgres() as postgres:
        yield {"DATABASE_URL": postgres.url, "REDIS_URL": layer.url}


@pytest.fixture(scope="module")
def one(parts):
    """The process at which access ends."""
    with Server(parts) as server:
        yield server.start()


@pytest.fixture(scope="module", params=["1", "0"], ids=["parked", "not parked"])
def processes(request, parts, one):
    """That process, and the one whose sockets end."""
    with Server({**parts, "PARKED_SOCKETS": request.param}) as two:
        yield one, two.start()


@pytest.fixture(scope="module")
def friends(one):
    """Alice and Bob, of another conversation: nothing happens to them."""
    return set_scene(one)


@pytest.fixture(scope="module")
def people(one, friends):
    lines = one.manage("shell", "-v0", "-c", PEOPLE).strip().splitlines()
    return [line.split() for line in lines[-40:]]


@pytest.fixture
def person(people):
    """Somebody with two sessions and a room of several: their id, both sessions, the room, their address."""
    return people.pop()


@pytest.fixture
async def connect(processes):
    pages = []

    async def connect(session):
        pages.append(Page(await Wired.open(processes[1].port, session)))
        await pages[-1].done("inbox.watch")
        return pages[-1]

    yield connect
    for page in pages:
        await page.close()


def sign_out(server, person):
    assert ask(server, "POST", "/accounts/logout/", person[1])[0] == 302


def change_password(server, person):
    new = "another long password"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert (
        ask(server, "POST", "/accounts/password/change/", person[1], accept="text/html", **fields)[0] == 302
    )


def by_hand(sql):
    def run(server, person):
        # Not through Django: nothing of ChatScape knows of it.
        import psycopg

        with psycopg.connect(server.env["DATABASE_URL"]) as connection:
            connection.execute(sql, {"person": person[0], "session": person[1], "room": person[3]})

    return run


END_ONE = {
    "signing out": sign_out,
    "the session's row deleted": by_hand("DELETE FROM django_session WHERE session_key = %(session)s"),
}


def erase(server, person):
    server.manage("erase_person", person[4], "--yes")


END_ALL = {
    "being erased": erase,
    "another password": change_password,
    "the password changed by hand": by_hand("UPDATE accounts_user SET password = 'x' WHERE id = %(person)s"),
    "the account closed by hand": by_hand("UPDATE accounts_user SET is_active = false WHERE id = %(person)s"),
}


@pytest.mark.parametrize("how", [*END_ONE, *END_ALL])
async def test_the_socket_is_closed(how, processes, person, friends, connect):
    page, second, friend = await connect(person[1]), await connect(person[2]), await connect(friends.alice)
    began = time.monotonic()
    await asyncio.to_thread({**END_ONE, **END_ALL}[how], processes[0], person)
    assert await page.hears_close() == 4001
    if how in END_ALL:
        assert await second.hears_close() == 4001
    else:
        await second.done("ping")
    assert time.monotonic() - began < SOON
    await friend.done("ping")


def moderate(*what):
    return lambda server, person: server.manage("moderate", person[4], *what)


def suspend(server, person):
    server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import User; from chat.actions.moderation import sanction; "
        f"ada = User.objects.create_superuser('ada-{person[0]}@x.org', role='admin'); "
        f"person = User.objects.get(id='{person[0]}'); "
        "sanction(actor=ada, person=person, kind='suspension', reason='Spam', days=1)",
    )


DECIDED = {
    "a ban": (moderate("--ban", "--reason", "Spam"), 4001),
    "a suspension": (suspend, 4001),
    "another role": (moderate("--role", "moderator"), 4003),
    "another role by hand": (
        by_hand("UPDATE accounts_user SET role = 'moderator' WHERE id = %(person)s"),
        4003,
    ),
}


@pytest.mark.parametrize("how", DECIDED)
async def test_what_is_decided_about_somebody_closes_all_their_sockets(
    how, processes, person, friends, connect
):
    pages, friend = [await connect(session) for session in person[1:3]], await connect(friends.alice)
    decide, code = DECIDED[how]
    await asyncio.to_thread(decide, processes[0], person)
    decided = time.monotonic()
    for page in pages:
        assert await page.hears_close() == code
    assert time.monotonic() - decided < SOON
    await friend.done("ping")
    if code == 4003:
        # They come again at once, as what they are now.
        again = await connect(person[1])
        await again.done("ping")
    else:
        answer = await asyncio.to_thread(ask, processes[1], "GET", "/rooms/", person[1])
        assert answer[0] == 401


def leave(server, person):
    server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import User; from chat.actions.rooms import leave_room; "
        f"leave_room(member=User.objects.get(id='{person[0]}'), room_id='{person[3]}')",
    )


LEAVING = {
    "leaving": leave,
    "the membership's row deleted": by_hand(
        "DELETE FROM chat_membership WHERE user_id = %(person)s AND room_id = %(room)s"
    ),
}


@pytest.mark.parametrize("how", LEAVING)
async def test_the_room_is_silenced(how, processes, person, friends, connect):
    page, friend = await connect(person[1]), await connect(friends.alice)
    await asyncio.to_thread(LEAVING[how], processes[0], person)
    left = time.monotonic()
    await page.hears(notice("member.left"))
    assert time.monotonic() - left < SOON
    assert (await asyncio.to_thread(post, processes[0], friends.bob, person[3], "Without you"))[0] == 200
    await friend.hears(says("Without you"))
    await page.done("ping")
    assert not any("Without you" in frame for frame in page.heard)


@pytest.fixture(params=["frozen", "gone"])
def no_layer(request, layer):
    """Redis, which is lost at the moment of the deed; afterwards it is back."""
    lose = {"frozen": layer.pause, "gone": layer.kill}[request.param]
    yield lose
    layer.resume() if request.param == "frozen" else layer.start()


LOST = {"signing out": (sign_out, 4001), "another role": (DECIDED["another role"][0], 4003)}


@pytest.mark.parametrize("how", LOST)
async def test_a_hint_that_is_lost_with_redis_changes_nothing(how, no_layer, processes, person, connect):
    """The sweep asks the database, which knows."""
    (do, code), page = LOST[how], await connect(person[1])
    await asyncio.to_thread(no_layer)
    await asyncio.to_thread(do, processes[0], person)
    done = time.monotonic()
    assert await page.hears_close() == code
    assert time.monotonic() - done < SOON


async def test_a_room_is_silenced_without_redis(no_layer, processes, person, friends, connect):
    page = await connect(person[1])
    await asyncio.to_thread(no_layer)
    await asyncio.to_thread(leave, processes[0], person)
    left = time.monotonic()
    await page.hears(notice("member.left"))
    assert time.monotonic() - left < SOON
