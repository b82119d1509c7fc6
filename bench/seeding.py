"""People, rooms and sessions to measure with. Runs with the database of the measured server."""

import uuid
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.db import transaction
from django.utils.crypto import get_random_string

from accounts.models import User
from chat.actions.messages import post_message
from chat.actions.rooms import open_direct_room
from chat.models import Membership, Message, Room

WORDS = "words " * 20
OWN_MESSAGES = 60
NEIGHBOURS = 4
ROWS = 50
BATCH = 2_000

Answer = dict[str, Any]


@transaction.atomic
def event(people: int) -> Answer:
    """Make an event with so many people in it, all signed in."""
    members = _people("Guest", people)
    room = Room.objects.create(kind=Room.Kind.EVENT, name="Event")
    Membership.objects.bulk_create((Membership(room=room, user=user) for user in members), BATCH)
    return {"room": str(room.id), "cookies": _cookies(members)}


@transaction.atomic
def viewers(count: int, readers: int, shared: int) -> list[Answer]:
    """Make people with a conversation each, some more in their list, and a group for the first `readers`.

    The group has `shared` messages. `peer` is who the conversation is with.
    """
    people, peers = _people("Alice", count), _people("Bob", count)
    group = Room.objects.create(kind=Room.Kind.GROUP, name="Everybody")
    Membership.objects.bulk_create(Membership(room=group, user=user) for user in people[:readers])
    for number in range(shared):
        _post(people[number % readers], group, f"Message {number}: {WORDS}")
    for index in range(readers):
        for step in range(1, NEIGHBOURS + 1):
            neighbour = people[(index + step) % count]
            _post(people[index], open_direct_room(people[index], neighbour), "Hello")
    rooms = [open_direct_room(*pair) for pair in zip(people, peers, strict=True)]
    for index, room in enumerate(rooms[:readers]):
        for number in range(OWN_MESSAGES):
            _post((people, peers)[number % 2][index], room, f"Message {number}: {WORDS}")
    group.refresh_from_db()
    return [
        {"name": user.name, "room": str(room.id), "group": str(group.id), "cookie": cookie, "peer": peer}
        for user, room, cookie, peer in zip(people, rooms, _cookies(people), _cookies(peers), strict=True)
    ]


@transaction.atomic
def trivial(count: int) -> list[Answer]:
    """Make people and rows for the trivial page."""
    # Only in its own settings is it a model.
    from bench.trivial.models import Row

    Row.objects.bulk_create(Row(title=f"Row {number}") for number in range(2 * ROWS))
    people = _people("Alice", count)
    return [
        {"name": user.name, "cookie": cookie} for user, cookie in zip(people, _cookies(people), strict=True)
    ]


def posted() -> list[list[str]]:
    """Return room and text of every message of a measurement."""
    found = Message.objects.filter(body__startswith="Measured ").values_list("room_id", "body")
    return [[str(room), body] for room, body in found]


def _people(name: str, count: int) -> list[User]:
    people = [
        User(name=f"{name} {number}", email=f"{name}{number}@example.org".lower(), password="!")
        for number in range(count)
    ]
    User.objects.bulk_create(people, BATCH)
    EmailAddress.objects.bulk_create(
        (EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in people), BATCH
    )
    return people


def _cookies(people: Iterable[User]) -> list[str]:
    """Sign people in, and return what their browsers would send."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    keys, rows = [], []
    for user in people:
        key = get_random_string(32, VALID_KEY_CHARS)
        session = store(key)
        # Loaded, as far as it knows: nothing is asked of the database.
        session._session_cache = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        keys.append(key)
        rows.append(session.create_model_instance(session._session_cache))
    store.get_model_class().objects.bulk_create(rows, BATCH)
    return [f"{settings.SESSION_COOKIE_NAME}={key}" for key in keys]


def _post(author: User, room: Room, body: str) -> None:
    post_message(author=author, room_id=room.id, client_id=uuid.uuid4(), body=body)
