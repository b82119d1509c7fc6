"""A block holds on every path there is, over the socket too, and whoever is blocked sees no difference (CO6).

What people show each other (presence, receipts) ends with a block as if the other had chosen to show
nothing: so that is what the rest is compared with.
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.urls import get_resolver

from accounts.tests.people import make_user
from chat import events
from chat.actions.contacts import add_contact, block, unblock_person
from chat.actions.rooms import mark_read
from chat.models import Contact, Room
from chat.realtime import presence, publisher, typists
from chat.realtime.groups import user_group
from chat.realtime.hub import ensure_hub
from chat.realtime.requests import ACTIONS
from chat.tests.realtime.pages import database
from chat.tests.realtime.test_hub import until
from chat.tests.realtime.test_presence import change
from chat.tests.situations import HTMX, JSON, befriend, client_of, contact_of, say

pytestmark = pytest.mark.django_db(transaction=True)


class Pair(NamedTuple):
    """One person who does something, and another who might hear of it, with sockets of theirs."""

    open_page: Any
    one: Any
    pages: list[Any]
    other: Any
    others_page: Any
    room: Room

    @property
    def page(self) -> Any:
        return self.pages[0]


Path = Callable[[Pair, str], Awaitable[Any]]


async def send(it: Pair, words: str) -> Any:
    return await it.page.done("message.post", room=str(it.room.id), client_id=str(uuid.uuid4()), body=words)


async def send_by_form(it: Pair, words: str) -> Any:
    path = f"/rooms/{it.room.id}/messages/"
    response = await database(browse, it.one, path, {"body": words}, **JSON)
    assert response.status_code == 200
    return response.json()


async def edit(it: Pair, words: str) -> Any:
    message = await database(it.room.messages.get, author=it.one, body="said before")
    return await it.page.done(
        "message.edit", room=str(it.room.id), sequence=message.sequence, body=f"said before {words}"
    )


async def typing(it: Pair, words: str) -> Any:
    return await it.page.done("typing", room=str(it.room.id))


async def come(it: Pair, words: str) -> None:
    """Be here, after having been away."""
    here = ensure_hub().presence
    for page in it.pages:
        await page.close()
    await until(lambda: it.one.id.bytes not in here._shown)
    friend = await database(make_user, f"Friend {uuid.uuid4().hex[:6]}")
    await database(befriend, it.other, friend)
    # As their page does when it is told that others show them something else.
    await it.others_page.done("inbox.watch")
    for person in (it.one, friend):
        it.pages.append(await it.open_page(person))
        await it.pages[-1].done("inbox.watch")
    # Whoever came first has been told of by now.
    await it.others_page.hears(change(friend, True))


async def read(it: Pair, words: str) -> Any:
    place = await database(it.room.memberships.get, user=it.one)
    return await database(mark_read, reader=it.one, room_id=it.room.id, sequence=place.read_sequence + 1)


async def ask(it: Pair, words: str) -> Any:
    """Ask somebody whose contact one is no longer, with a greeting."""
    await database(Contact.objects.all().delete)
    typed = {"name": "Friend", "email": it.other.email, "greeting": words}
    response = await database(browse, it.one, "/contacts/new/", typed)
    assert response.status_code == 303


async def invite(it: Pair, words: str) -> None:
    """Give somebody one's link, which they open: they hear of it on the page alone."""

    def opened() -> bool:
        email = f"{uuid.uuid4().hex}@example.net"
        link = add_contact(owner=it.one, name="Friend", email=email, greeting=words).invitation
        assert browse(it.other, link.get_absolute_url(), {}).status_code == 302
        return words in browse(it.other, "/").text

    it.others_page.heard.append(f"invited: {await database(opened)}")


def browse(person: Any, path: str, typed: dict[str, str] | None = None, **headers: Any) -> Any:
    """Ask for a page, or send a form, in a browser of that person."""
    client = client_of(person)
    return client.get(path, **headers) if typed is None else client.post(path, typed, **headers)


class Way(NamedTuple):
    """A path: what one does, and how it sounds to the other. `shared` needs both to show it."""

    act: Path
    heard: Callable[[Pair, str], object]
    shared: bool = False


WORDS = "unheard-of words"


def said(it: Pair, frame: str) -> bool:
    return WORDS in frame


def noticed(name: str) -> Callable[[Pair, str], bool]:
    return lambda it, frame: name in frame


# The six paths of CO6, and the rest; None: there is no such thing yet.
PATHS: dict[str, Way | None] = {
    "send": Way(send, said),
    "send by form": Way(send_by_form, said),
    "edit": Way(edit, said),
    "mention": None,
    "invite": Way(invite, noticed("invited: True")),
    "request": Way(ask, noticed("inbox.changed")),
    "typing": Way(typing, noticed("typing"), shared=True),
    "presence": Way(come, lambda it, frame: change(it.one, True)(frame), shared=True),
    "receipts": Way(read, noticed("receipt.changed"), shared=True),
    "push": None,
}
# What each action of the socket may tell somebody else: a path above, or nothing.
SAYS = {
    "message.post": "send",
    "sendMessage": "send",
    "message.edit": "edit",
    # A tombstone has no words.
    "message.delete": "",
    "read": "receipts",
    "typing": "typing",
    "inbox.watch": "presence",
    **dict.fromkeys(("room.join", "room.leave", "history.get", "getHistory", "ping"), ""),
}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(presence, "TICK", 0.01)
    monkeypatch.setattr(presence, "LINGER", 0)
    monkeypatch.setattr(typists, "PAUSE", 0)


@pytest.fixture
async def pair(open_page, alice, bob, room):
    for person in (alice, bob):
        await database(say, person, room, "said before")
        await database(say, person, room, "something to read")
    pages = [await open_page(person) for person in (alice, bob)]
    for page in pages:
        await page.done("inbox.watch")
        await page.done("room.join", room=str(room.id))

    def of(one: Any) -> Pair:
        mine, theirs = pages if one == alice else pages[::-1]
        return Pair(open_page, one, [mine], bob if one == alice else alice, theirs, room)

    return of


async def everything_heard(it: Pair) -> None:
    """Wait until everything told so far has arrived: events keep their order in one process."""
    mark = f"mark-{uuid.uuid4()}"
    await database(publisher.publish, user_group(it.other.id), {"name": "read", "room": mark, "sequence": 1})
    await it.others_page.hears(lambda frame: mark in frame)


async def reaches(it: Pair, way: Way, *, wait: bool) -> bool:
    """Do it, and say whether the other has heard of it; with `wait`, give it time to arrive."""
    await everything_heard(it)
    it.others_page.heard.clear()
    await way.act(it, WORDS)
    if wait:
        await it.others_page.hears(lambda frame: way.heard(it, frame))
        return True
    await everything_heard(it)
    return any(way.heard(it, frame) for frame in it.others_page.heard)


@pytest.mark.parametrize("name", [name for name, way in PATHS.items() if way])
async def test_the_blocked_person_does_not_get_through(name, pair, alice, bob):
    it, way = pair(bob), PATHS[name]
    assert way
    await database(block, blocker=alice, person=bob)
    assert not await reaches(it, way, wait=False), name

    await database(unblock_person, blocker=alice, person=bob)
    if name == "edit":
        # What was withheld stays withheld; another message is none of that.
        await database(say, bob, it.room, "said before")
    assert await reaches(it, way, wait=True), name


@pytest.mark.parametrize("name", [name for name, way in PATHS.items() if way and way.shared])
async def test_nor_is_the_blocked_person_shown_anything(name, pair, alice, bob):
    it, way = pair(alice), PATHS[name]
    assert way
    await database(block, blocker=alice, person=bob)
    assert not await reaches(it, way, wait=False), name

    await database(unblock_person, blocker=alice, person=bob)
    assert await reaches(it, way, wait=True), name


async def test_who_blocks_is_asked_to_unblock_before_writing(pair, alice, bob, room):
    it = pair(alice)
    await database(block, blocker=alice, person=bob)
    it.others_page.heard.clear()
    reply = await it.page.ask("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body=WORDS)
    assert (reply["status"], reply["code"]) == ("error", "closed")
    await everything_heard(it)
    assert not any(WORDS in frame for frame in it.others_page.heard)


def without_tokens(told: Any) -> str:
    """What was told, without what is new in every answer: ids, revisions, moments, nonces."""
    text = told if isinstance(told, str) else json.dumps(told)
    text = re.sub(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "ID", text)
    text = re.sub(r'nonce=\\?"[^"]*"|csrfmiddlewaretoken" value="[^"]*"|/join/[\w-]{22}/', "TOKEN", text)
    text = re.sub(
        r'"(revision|sequence|ref|head)": ?\d+|data-(revision|sequence)=\\?"\d+|m-\d+', "NUMBER", text
    )
    text = re.sub(r"messages/\d+/|value=\"\d+\"|\"ID\": \d+|read-sequence=\\?\"\d+", "NUMBER", text)
    return re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.+Z]+|\d+ \w{3,4} \d{4}, \d\d:\d\d UTC", "MOMENT", text)


PAGES = (
    "/",
    "/rooms/",
    "/rooms/{room}/",
    "/rooms/{room}/messages/",
    "/contacts/",
    "/contacts/{contact}/",
    "/profile/",
)


async def test_the_blocked_person_sees_the_same(pair, open_page, alice, bob, room):
    """Byte for byte, on the socket and on pages, but for tokens."""

    def hide() -> None:
        alice.shows_presence = alice.shows_receipts = False
        alice.save()

    await database(hide)
    it = pair(bob)
    contact = await database(contact_of, bob, alice)
    # What sockets read is saved when there is time.
    await database(mark_read, reader=bob, room_id=room.id, sequence=99)

    async def seen() -> dict[str, str]:
        told = {
            "send": await send(it, WORDS),
            "form": await send_by_form(it, WORDS),
            "typing": await typing(it, ""),
        }
        told["edit"] = await it.page.done(
            "message.edit", room=str(room.id), sequence=told["send"]["sequence"], body="other words"
        )
        told["delete"] = await it.page.done(
            "message.delete", room=str(room.id), sequence=told["form"]["message"]["sequence"]
        )
        told["read"] = await it.page.done("read", room=str(room.id), sequence=1)
        page = await open_page(bob)
        told["watch"] = await page.done("inbox.watch")
        told["join"] = await page.done("room.join", room=str(room.id))
        told["history"] = await page.done("history.get", room=str(room.id), limit=2)
        await page.close()
        for path in PAGES:
            for name, headers in (("", {}), (" htmx", HTMX), (" json", JSON)):
                where = path.format(room=room.id, contact=contact.id)
                response = await database(browse, bob, f"{where}?limit=2", **headers)
                headers_told = {
                    k: v for k, v in response.items() if k in ("Content-Type", "Vary", "Location")
                }
                told[path + name] = f"{response.status_code} {headers_told} {last_of(response.text)}"
        return {name: without_tokens(answer) for name, answer in told.items()}

    unaware = await seen()
    await database(block, blocker=alice, person=bob)
    blocked = await seen()
    assert set(blocked) == set(unaware)
    for name in unaware:
        assert blocked[name] == unaware[name], name


def last_of(page: str) -> str:
    """The page with the last two of its messages: it has more of them the second time."""
    articles = re.findall(r"<article .*?</article>", page, re.DOTALL)
    for article in articles[:-2]:
        page = page.replace(article, "", 1)
    return page


def traces(word: str) -> set[str]:
    """Whatever has this word in its name: models, fields, actions of the socket, events, addresses."""
    models = list(apps.get_app_config("chat").get_models()) + list(
        apps.get_app_config("accounts").get_models()
    )
    names = {model.__name__ for model in models}
    names |= {f"{model.__name__}.{field.name}" for model in models for field in model._meta.get_fields()}
    names |= set(ACTIONS) | {name for name in dir(events) if not name.startswith("_")}
    names |= {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    return {name for name in names if word in name.lower()}


@pytest.mark.parametrize("name", [name for name, way in PATHS.items() if way is None])
def test_what_there_is_not_yet_comes_with_a_test_of_its_block(name):
    assert traces(name) == set(), f"{name}: a block must hold here; put the path into PATHS"


def test_traces_would_be_found():
    assert traces("typing") >= {"typing"}
    assert traces("receipt") >= {"User.shows_receipts", "receipt_changed"}
    assert traces("message-report") == {"message-report"}


def test_every_action_of_the_socket_is_here():
    assert set(SAYS) == set(ACTIONS), "a new action: what does it tell others, and does a block hold there?"
    assert {path for path in SAYS.values() if path} <= set(PATHS)
