"""What a parked socket is told arrives whole, or it is told that it took too little."""

import uuid

from websockets.frames import Opcode

from chat.realtime.frames import TextFrame
from chat.realtime.traffic import BACKLOG_MOST, TOO_SLOW
from chat.tests.realtime.parked.pairs import take, until
from chat.tests.realtime.raw import close


async def test_what_is_sent_arrives_whole_and_in_order(pair, hub):
    one, words = pair(), [f"{number} " + "x" * 5_000 for number in range(30)]
    for said in words:
        one.socket.send(TextFrame(said))
    assert one.socket.backlog is not None
    assert [(await one.frame()).data.decode() for _ in words] == words
    await until(lambda: one.socket.backlog is None)
    assert not hub.poller.waiting
    one.socket.send(TextFrame("after"))
    assert (await one.frame()).data == b"after"


async def test_one_frame_is_encoded_once_for_all(pair):
    said = TextFrame("words")
    ones = [pair() for _ in range(3)]
    for one in ones:
        one.socket.send(said)
    assert said.wire is said.wire
    assert [(await one.frame()).data for one in ones] == [b"words"] * 3


async def test_who_takes_too_little_is_told_so_after_a_whole_frame(pair, hub):
    one, said = pair(), TextFrame("x" * 10_000)
    sent = 0
    while not one.socket.gone:
        one.socket.send(said)
        sent += 1
        assert sent < 2 * BACKLOG_MOST / 10_000
    # What it did not take is not kept.
    assert len(one.socket.backlog.frames) <= 2
    assert not hub.sockets
    taken = 0
    while (got := await one.frame()).opcode is Opcode.TEXT:
        assert got.data == b"x" * 10_000
        taken += 1
    assert taken < sent
    assert got.data[:2] == TOO_SLOW.to_bytes(2, "big")
    one.raw.send(close(TOO_SLOW))
    assert await one.frame() is None


async def test_who_stops_taking_is_ended_and_cut(pair, hub, quick):
    slow, other = pair(), pair()
    for _ in range(10):
        slow.socket.send(TextFrame("x" * 1_000))
        other.socket.send(TextFrame("x" * 1_000))
    await until(lambda: slow.socket.fd < 0 or other.raw.reader.feed_data(take(other.raw.connection)))
    assert slow.socket.fd < 0
    assert not other.socket.gone
    other.socket.send(TextFrame("still here"))


async def test_sockets_that_hear_the_same_share_what_they_hear(pair):
    one, other, room = pair(), pair(), uuid.uuid4()
    one.socket.hear(room)
    other.socket.hear(uuid.UUID(str(room)))
    assert one.socket.rooms is other.socket.rooms
