"""Situations that tests start from, told in the words of the product."""

import html
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import User
from chat.actions.contacts import accept_contact, add_contact
from chat.actions.messages import post_message
from chat.models import Contact, Message, Room
from chat.rows import RoomRow
from chat.sidebar import room_of

JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}


def befriend(one: User, other: User) -> Room:
    """Connect two people the way they would do it, and return their room."""
    asked = add_contact(owner=one, name=other.name, email=other.email)
    accept_contact(actor=other, contact_id=asked.id)
    return Room.objects.get(pair_key=Room.pair(one, other))


def contact_of(owner: User, person: User) -> Contact:
    return Contact.objects.get(owner=owner, person=person)


def say(author: User, room: Room, body: str = "Hello", **fields: Any) -> Message:
    return post_message(
        author=author,
        room_id=room.id,
        client_id=fields.pop("client_id", None) or uuid.uuid4(),
        body=body,
        **fields,
    )


def sequences(markup: str) -> list[int]:
    """Return the sequences of the messages that a page or a fragment shows."""
    return [int(number) for number in re.findall(r'<article [^>]*data-sequence="(\d+)"', markup)]


def fill(room: Room, authors: Sequence[User], count: int, body: str = "Message %d") -> None:
    """Put `count` messages into an empty room at once, one author after the other, a minute apart."""
    start = timezone.now() - timedelta(minutes=count)
    Message.objects.bulk_create(
        (
            Message(
                room=room,
                author=authors[number % len(authors)],
                sequence=number,
                revision=number,
                body=body % number if "%d" in body else body,
                body_html=body % number if "%d" in body else body,
                created_at=start + timedelta(minutes=number),
            )
            for number in range(1, count + 1)
        ),
        batch_size=1_000,
    )
    last = room.messages.order_by("-sequence").first()
    Room.objects.filter(pk=room.pk).update(revision=count, last_message=last, active_at=timezone.now())
    room.refresh_from_db()


def client_of(user: User, **options: Any) -> Client:
    """A browser in which `user` is signed in."""
    client = Client(**options)
    client.force_login(user)
    return client


def row_of(user: User, room: Room) -> RoomRow:
    """The room as it stands in the list of `user`."""
    row = room_of(user, room.id)
    assert row is not None
    return row


def rooms_shown(page: Any) -> list[UUID]:
    """The rooms of the list in a page, in their order."""
    return [UUID(room) for room in re.findall(r'<li data-room="([^"]+)"', page.text)]


def requests_waiting(page: Any) -> int:
    """How many requests the list in a page tells of."""
    found = re.search(r"(\d+) contact requests?<", page.text)
    return int(found[1]) if found else 0


def typed_in(page: Any, name: str) -> str:
    """The value of a hidden field of the page's last form that has it."""
    return html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', page.text)[-1])


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do everything at the same moment, each in a thread; return the results or errors in order."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=30)
            return work()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
