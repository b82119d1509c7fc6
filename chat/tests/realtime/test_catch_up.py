"""The database is the truth: whoever missed anything ends with what a fresh load shows (RT4, RT5)."""

import asyncio
import json
import random
import uuid

import pytest
from django.db.models import F

from chat.actions.messages import delete_message, edit_message
from chat.models import Message, Room
from chat.tests.realtime import pages
from chat.tests.realtime.followers import Follower
from chat.tests.realtime.pages import database
from chat.tests.situations import fill, say

pytestmark = pytest.mark.django_db(transaction=True)


def change(room, people, count):
    """Post, edit and delete in turns, `count` times in all; messages that were there change, too."""
    room.refresh_from_db()
    mixed = random.Random(count)
    for number in range(count):
        author = people[number % 2]
        own = Message.objects.filter(room=room, author=author, deleted_at=None)
        chosen = own.order_by("sequence")[mixed.randrange(max(1, own.count()))] if number % 3 else None
        if chosen is None:
            say(author, room, f"New {number}")
        elif number % 3 == 1:
            edit_message(actor=author, room_id=room.id, sequence=chosen.sequence, body=f"Edited {number}")
        else:
            delete_message(actor=author, room_id=room.id, sequence=chosen.sequence)


def change_quickly(room, count):
    """The same for thousands: rows as the actions would leave them."""
    start = Room.objects.get(pk=room.pk).revision
    author = room.messages.first().author
    posts = count - 2 * (count // 5)
    Message.objects.bulk_create(
        Message(
            room=room,
            author=author,
            sequence=start + n,
            revision=start + n,
            body=f"New {n}",
            body_html=f"New {n}",
        )
        for n in range(1, posts + 1)
    )
    changed = list(room.messages.order_by("sequence")[: 2 * (count // 5)])
    for number, message in enumerate(changed, 1):
        message.revision = start + posts + number
        message.body = message.body_html = "" if number % 2 else f"Edited {number}"
        field = "deleted_at" if number % 2 else "edited_at"
        setattr(message, field, message.created_at)
    Message.objects.bulk_update(
        changed, ["revision", "body", "body_html", "deleted_at", "edited_at"], batch_size=500
    )
    Room.objects.filter(pk=room.pk).update(revision=F("revision") + count)


async def fresh_load(open_page, person, room):
    page = await open_page(person, Follower)
    await page.follow(room.id)
    return page.picture


@pytest.mark.parametrize("gap", [1, 40, 300, 5_000])
async def test_after_a_gap_the_page_is_what_a_fresh_load_shows(open_page, alice, bob, room, gap):
    await database(fill, room, [alice, bob], 30)
    before = await open_page(bob, Follower)
    await before.follow(room.id)
    assert len(before.picture) == 30
    await before.close()

    await (database(change, room, [alice, bob], gap) if gap <= 300 else database(change_quickly, room, gap))
    after = await open_page(bob, Follower)
    after.keep(before)
    await after.follow(room.id)
    assert after.cursor == 30 + gap
    assert after.picture == await fresh_load(open_page, alice, room)
    assert len(after.picture) == await database(room.messages.count)


async def test_joining_without_a_cursor_brings_no_messages(open_page, alice, room):
    await database(say, alice, room)
    page = await open_page(alice)
    reply = await page.done("room.join", room=str(room.id))
    assert {**reply, "ref": 0} == {
        "ref": 0,
        "status": "ok",
        "room": str(room.id),
        "revision": 1,
        "head": 1,
        "more": False,
        "seen": 0,
    }


async def test_a_cursor_from_the_future_brings_nothing(open_page, alice, room):
    page = await open_page(alice)
    reply = await page.done("room.join", room=str(room.id), since=2**62)
    assert (reply["html"], reply["more"], reply["head"]) == ("", False, 0)


async def cut_and_post(open_page, people, room, clients, posts):
    """Let clients post while their sockets are cut at random, then compare what they all show."""
    mixed = random.Random(4)

    async def live(person):
        sent, before = 0, None
        while sent < posts:
            page = await open_page(person, Follower)
            if before:
                page.keep(before)
            await page.follow(room.id)
            for _ in range(mixed.randint(1, 4)):
                if sent < posts:
                    client_id, sent = str(uuid.uuid4()), sent + 1
                    what = {"room": str(room.id), "client_id": client_id, "body": f"{person.name} {sent}"}
                    if mixed.random() < 0.3:
                        # The socket is cut before the answer; the page sends it again.
                        page._ref += 1
                        await page.wire.send(json.dumps({"action": "message.post", "ref": 0, **what}))
                        await page.close()
                        before, page = page, await open_page(person, Follower)
                        page.keep(before)
                        await page.follow(room.id)
                    await page.done("message.post", **what)
            before = page
            if sent < posts:
                await page.close()
        return before

    followers = await asyncio.gather(*(live(people[number % 2]) for number in range(clients)))
    head = await database(lambda: Room.objects.get(pk=room.pk).revision)
    for page in followers:
        await page.reaches(head, pages.PATIENCE)
    truth = await fresh_load(open_page, people[0], room)
    assert len(truth) == head == clients * posts
    for page in followers:
        assert page.picture == truth


async def test_cuts_lose_and_repeat_nothing(open_page, alice, bob, room):
    await cut_and_post(open_page, [alice, bob], room, clients=8, posts=8)
