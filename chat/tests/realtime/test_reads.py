"""Reading is written once a second at most, whatever the number of frames (RT11)."""

import asyncio

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from chat.models import Membership
from chat.realtime import reads
from chat.tests.realtime.clusters import post, set_scene
from chat.tests.realtime.pages import Page, Wired, database, notice
from chat.tests.situations import befriend, fill
from chatscape.testing.server import Server

pytestmark = pytest.mark.django_db(transaction=True)
READERS = """
from chat.models import Membership
print([str(reader.user) for reader in Membership.objects.filter(read_sequence=1)])
"""


@pytest.fixture
async def statements(monkeypatch):
    """The statements of what reading asks of the database; nothing is left to be written at the end."""
    found = []
    real = reads.in_database

    async def counted(work, *args):
        def captured():
            with CaptureQueriesContext(connection) as context:
                work(*args)
            found.extend(query["sql"] for query in context)

        await real(captured)

    monkeypatch.setattr(reads, "in_database", counted)
    yield found
    await reads.settle()


def reached(user, room):
    return Membership.objects.get(user=user, room=room).read_sequence


async def until_reached(user, room, sequence):
    async with asyncio.timeout(20):
        while await database(reached, user, room) != sequence:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("joined", [True, False])
async def test_a_hundred_frames_are_a_few_statements(
    open_page, room, alice, bob, statements, monkeypatch, joined
):
    monkeypatch.setattr(reads, "EVERY", 60)
    await database(fill, room, [bob], 100)
    page = await open_page(alice)
    if joined:
        await page.done("room.join", room=str(room.id))

    for sequence in range(1, 101):
        assert (await page.done("read", room=str(room.id), sequence=sequence))["room"] == str(room.id)
    assert await database(reached, alice, room) == 0
    await reads.settle()

    assert await database(reached, alice, room) == 100
    assert len([sql for sql in statements if "UPDATE" in sql]) == 1
    # Who is to be told, and whether somebody who has not joined the room is a member.
    assert len([sql for sql in statements if sql.startswith("SELECT")]) <= (1 if joined else 2)


async def test_a_moment_later_it_is_written(room, alice, bob, statements, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 0.01)
    await database(fill, room, [bob], 10)

    for sequence in (4, 8):
        await reads.mark(alice.id, room.id, sequence, joined=True)
        await until_reached(alice, room, sequence)


async def test_many_people_and_rooms_are_one_statement(room, alice, bob, mallory, statements, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 60)
    other = await database(befriend, alice, mallory)
    for each in (room, other):
        await database(fill, each, [bob], 10)

    for person, where, sequence in [
        (alice, room, 3),
        (bob, room, 4),
        (alice, other, 5),
        (mallory, other, 99),
    ]:
        await reads.mark(person.id, where.id, sequence, joined=True)
    await reads.settle()

    assert len([sql for sql in statements if "UPDATE" in sql]) == 1
    assert [await database(reached, *who) for who in [(alice, room), (bob, room), (alice, other)]] == [
        3,
        4,
        5,
    ]
    # Nobody reads beyond the end.
    assert await database(reached, mallory, other) == 10


async def test_it_never_goes_back(room, alice, bob, statements, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 60)
    await database(fill, room, [bob], 10)

    for sequence in (7, 3, 0):
        await reads.mark(alice.id, room.id, sequence, joined=True)
    await reads.settle()
    assert await database(reached, alice, room) == 7
    await reads.mark(alice.id, room.id, 2, joined=True)
    await reads.settle()

    assert await database(reached, alice, room) == 7


async def test_after_reading_beyond_the_end_one_reads_on(room, alice, bob, statements, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 0.01)
    await database(fill, room, [bob], 10)
    await reads.mark(alice.id, room.id, 2**63 - 1, joined=True)
    await until_reached(alice, room, 10)
    await database(lambda: room.memberships.update(read_sequence=0))

    async with asyncio.timeout(20):
        while await database(reached, alice, room) != 5:
            await reads.mark(alice.id, room.id, 5, joined=True)


async def test_an_outsider_reads_nothing(open_page, room, bob, mallory, statements):
    await database(fill, room, [bob], 10)
    page = await open_page(mallory)

    for _time in range(2):
        assert (await page.ask("read", room=str(room.id), sequence=5))["code"] == "not_found"

    await reads.mark(mallory.id, room.id, 5, joined=True)
    await reads.settle()
    assert not await database(lambda: Membership.objects.filter(user=mallory).exists())


async def test_the_persons_other_pages_hear_it(open_page, room, alice, bob, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 0.01)
    await database(fill, room, [bob], 10)
    page, tab = await open_page(alice), await open_page(alice)

    await page.done("read", room=str(room.id), sequence=6)

    assert '"sequence":6' in await tab.hears(notice("read"))


async def test_what_could_not_be_written_is_written_later(room, alice, bob, monkeypatch, caplog):
    monkeypatch.setattr(reads, "EVERY", 0.01)
    await database(fill, room, [bob], 10)
    real, failures = reads.mark_all_read, iter(range(3))

    def fails_at_first(marks):
        if next(failures, None) is not None:
            raise OperationalError("gone")
        real(marks)

    monkeypatch.setattr(reads, "mark_all_read", fails_at_first)
    await reads.mark(alice.id, room.id, 6, joined=True)

    await until_reached(alice, room, 6)
    assert "not saved yet" in caplog.text


async def test_when_the_last_page_closes_it_is_written_at_once(open_page, room, alice, bob, monkeypatch):
    monkeypatch.setattr(reads, "EVERY", 60)
    await database(fill, room, [bob], 10)
    page, tab = await open_page(alice), await open_page(alice)
    await page.done("read", room=str(room.id), sequence=6)

    await page.close()
    assert await database(reached, alice, room) == 0
    await tab.close()

    await until_reached(alice, room, 6)


async def test_a_server_that_stops_writes_what_was_read():
    with Server() as server:
        server.prepare()
        scene = set_scene(server)
        server.start()
        assert post(server, scene.bob, scene.room, "Hello")[0] == 200
        page = Page(await Wired.open(server.port, scene.alice))
        await page.done("read", room=scene.room, sequence=1)
        await asyncio.to_thread(server.stop)
        await page.close()

        said = server.manage("shell", "-v0", "-c", READERS)

    assert said.strip().splitlines()[-1] == "['Alice']"
