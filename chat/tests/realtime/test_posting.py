"""Posts that arrive together are written together, and nobody notices (RT3, ME2, OP13)."""

import asyncio
import json
import threading
import uuid

import pytest
from django.db import OperationalError

from chat.actions.messages import Posting
from chat.errors import NotFound, Unavailable
from chat.realtime import posting as module
from chat.realtime.batches import Batches
from chat.realtime.frames import JSON
from chat.realtime.posting import post
from chat.tests.realtime.pages import database
from chat.tests.situations import say

pytestmark = pytest.mark.django_db(transaction=True)


def posting(author, room, body="Hello", **fields):
    return Posting(author.id, room.id, fields.pop("client_id", None) or uuid.uuid4(), body, **fields)


class Gate:
    """Stands before the database: counts batches, and lets none through while it is closed."""

    def __init__(self, monkeypatch):
        self.batches = []
        self.open = threading.Event()
        self.open.set()
        self.real = module.post_messages
        monkeypatch.setattr(module, "post_messages", self)

    def __call__(self, postings):
        self.batches.append(len(postings))
        assert self.open.wait(20)
        return self.real(postings)


@pytest.fixture
def gate(monkeypatch):
    monkeypatch.setattr(module, "WRITERS_ELSEWHERE", 1)
    return Gate(monkeypatch)


async def all_of(*works, **options):
    async with asyncio.timeout(20):
        return await asyncio.gather(*works, **options)


async def until_writing(gate):
    async with asyncio.timeout(20):
        while not gate.batches:
            await asyncio.sleep(0.001)


async def closed_behind_first(gate, author, room):
    """Let one posting be written, and keep it there: what comes now waits for the next batch."""
    gate.open.clear()
    first = asyncio.create_task(post(posting(author, room, "first")))
    await until_writing(gate)
    return first


async def test_what_arrives_while_others_are_written_is_the_next_batch(gate, room, alice, bob):
    first = await closed_behind_first(gate, alice, room)
    waiting = [
        asyncio.create_task(post(posting(who, room, f"{n}"))) for n in range(40) for who in (alice, bob)
    ]
    await asyncio.sleep(0)
    gate.open.set()

    messages = await all_of(first, *waiting)

    assert gate.batches == [1, 64, 16]
    assert [message.sequence for message in messages] == list(range(1, 82))
    assert [message.body for message in messages[1::2]] == [f"{n}" for n in range(40)]


async def test_a_lone_post_waits_for_nobody(gate, room, alice):
    for number in range(3):
        assert (await post(posting(alice, room))).sequence == number + 1

    assert gate.batches == [1, 1, 1]


async def test_everybody_gets_their_own_reply(gate, open_page, room, alice, bob, mallory):
    people = [alice, bob, mallory] * 8
    pages = [await open_page(who, protocol=JSON) for who in people]
    ids = [str(uuid.uuid4()) for _page in pages]
    first = await closed_behind_first(gate, bob, room)

    async def ask(page, client_id, body):
        return await page.ask("message.post", room=str(room.id), client_id=client_id, body=body)

    asking = [
        asyncio.create_task(ask(page, client_id, "" if number % 8 == 0 else f"from {who.name}"))
        for number, (page, who, client_id) in enumerate(zip(pages, people, ids, strict=True))
    ]
    await asyncio.sleep(0.05)
    gate.open.set()
    replies = await all_of(*asking)
    await all_of(first)

    for number, (reply, who, client_id) in enumerate(zip(replies, people, ids, strict=True)):
        if number % 8 == 0:
            assert (reply["code"], reply["field"]) == ("invalid", "body")
        elif who is mallory:
            assert reply["code"] == "not_found"
        else:
            assert (reply["client_id"], reply["message"]["client_id"]) == (client_id, client_id)
            assert (reply["message"]["body"], reply["message"]["author"]["id"]) == (
                f"from {who.name}",
                str(who.id),
            )
    sequences = [reply["sequence"] for reply in replies if reply["status"] == "ok"]
    assert sorted(sequences) == list(range(2, len(sequences) + 2))
    assert len(gate.batches) < len(pages)


async def test_who_leaves_breaks_no_batch_and_loses_nothing(gate, room, alice, bob):
    first = await closed_behind_first(gate, alice, room)
    leaving = asyncio.create_task(post(posting(alice, room, "leaving")))
    staying = asyncio.create_task(post(posting(bob, room, "staying")))
    await asyncio.sleep(0)
    first.cancel()
    leaving.cancel()
    gate.open.set()

    assert [message.sequence for message in await all_of(staying)] == [3]
    assert await database(lambda: [message.body for message in room.messages.order_by("sequence")]) == [
        "first",
        "leaving",
        "staying",
    ]
    assert (await post(posting(alice, room))).sequence == 4


async def test_without_the_database_everybody_is_told_to_try_again(gate, room, alice, bob, caplog):
    def gone(postings):
        raise OperationalError("server closed the connection: secret words")

    real, gate.real = gate.real, gone
    first = await closed_behind_first(gate, alice, room)
    waiting = [asyncio.create_task(post(posting(who, room, "secret words"))) for who in (alice, bob, alice)]
    await asyncio.sleep(0)
    gate.open.set()

    errors = await all_of(first, *waiting, return_exceptions=True)

    assert [(type(error), error.retry_after) for error in errors] == [(Unavailable, 5)] * 4
    assert len(set(map(id, errors))) == 4
    assert "secret words" not in caplog.text
    gate.real = real
    assert (await post(posting(alice, room))).sequence == 1


async def test_what_nobody_foresaw_in_one_posting_is_kept_from_the_others(gate, room, alice, bob):
    real = gate.real

    def poisoned(postings):
        if any(each.body == "poison" for each in postings):
            raise KeyError("reason")
        return real(postings)

    gate.real = poisoned
    first = await closed_behind_first(gate, alice, room)
    waiting = [asyncio.create_task(post(posting(bob, room, body))) for body in ("one", "poison", "two")]
    await asyncio.sleep(0)
    gate.open.set()

    _first, one, poison, two = await all_of(first, *waiting, return_exceptions=True)

    assert (one.body, two.body) == ("one", "two")
    assert isinstance(poison, KeyError)
    assert await database(room.messages.count) == 3


async def test_more_than_can_wait_is_refused_at_once(gate, room, alice, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 5)
    first = await closed_behind_first(gate, alice, room)
    waiting = [asyncio.create_task(post(posting(alice, room))) for _number in range(5)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable) as refusal:
        await post(posting(alice, room))

    assert refusal.value.retry_after
    gate.open.set()
    assert [message.sequence for message in await all_of(first, *waiting)] == list(range(1, 7))


async def test_who_may_no_longer_sign_in_posts_nothing(gate, open_page, room, alice):
    page = await open_page(alice)
    alice.is_active = False
    await database(alice.save)

    reply = await page.ask("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="Hello")
    with pytest.raises(NotFound):
        await post(posting(alice, room))

    assert reply["code"] == "not_found"
    assert await database(room.messages.count) == 0


async def test_events_and_replies_of_a_batch_carry_the_same_words(gate, open_page, room, alice, bob):
    pages = [await open_page(who) for who in (alice, bob, alice)]
    hearing = await open_page(bob)
    await hearing.done("room.join", room=str(room.id))
    first = await closed_behind_first(gate, alice, room)
    asking = [
        asyncio.create_task(
            page.done("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body=f"word-{n}")
        )
        for n, page in enumerate(pages)
    ]
    await asyncio.sleep(0.05)
    gate.open.set()
    replies = await all_of(*asking)
    await all_of(first)

    for number, reply in enumerate(replies):
        heard = await hearing.hears(lambda frame, number=number: f"word-{number}" in frame)
        assert reply["html"] in heard


async def test_a_new_event_loop_has_a_new_writer(room, alice):
    """What waits on a loop that has ended waits for nobody."""
    await post(posting(alice, room))
    assert module._writer is not None
    loop, writer = module._writer
    assert loop is asyncio.get_running_loop()
    assert isinstance(writer, Batches)
    assert not writer._waiting
    assert json.dumps(await database(lambda: say(alice, room).sequence)) == "2"
