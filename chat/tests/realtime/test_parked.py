"""A parked socket by itself: one end of a pair is the hub's, the test holds the other."""

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from chat.realtime import parked, poller, requests
from chat.realtime.frames import HTML, TextFrame
from chat.realtime.hub import Hub
from chat.realtime.parked import ParkedSocket
from chat.realtime.socket import Session
from chat.realtime.traffic import BACKLOG_MOST, FRAMES_WAITING, TOO_SLOW
from chat.tests.realtime.raw import Raw, asking, close, frame, text
from chatscape.testing.machine import ROOT

PONG = frame(10)


class Pair:
    """A parked socket and its client."""

    def __init__(self, hub: Hub, buffer: int = 4096) -> None:
        near, far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        near.setblocking(False)
        far.settimeout(10)
        self.raw = Raw(far)
        self.socket = ParkedSocket(hub, Session(uuid.uuid4(), "key", "hash"), HTML, near.detach())

    async def frame(self) -> Frame | None:
        return await asyncio.to_thread(self.raw.frame)

    async def outcomes(self, count: int) -> list[str]:
        return await asyncio.to_thread(self.raw.outcomes, count)

    async def ends(self) -> list[str]:
        return await asyncio.to_thread(self.raw.ends)


@pytest.fixture
async def hub():
    hub = Hub(asyncio.get_running_loop())
    # Not started: nobody waits for its link.
    hub.link.lost = True
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    yield hub
    await hub.poller.close_all(within=0)
    assert not hub.sockets
    assert not hub.groups
    assert not hub.poller.sockets()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


@pytest.fixture
def pair(hub):
    pairs = []

    def pair(**options):
        pairs.append(Pair(hub, **options))
        return pairs[-1]

    yield pair
    for one in pairs:
        one.raw.close()


@pytest.fixture
def quick(monkeypatch):
    """Let seconds of silence pass in hundredths."""
    monkeypatch.setattr(poller, "TICK", 0.002)
    monkeypatch.setattr(parked, "CLOSE_PATIENCE", 0.05)
    monkeypatch.setattr(parked, "STALL_PATIENCE", 0.05)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


async def test_an_idle_socket_keeps_nothing(pair, hub):
    one = pair()
    one.raw.send(text(asking(1)), frame(9, b"a"), text(asking(2)))
    assert sorted(await one.outcomes(3)) == ["1 ok", "2 ok", "pong a"]
    await until(lambda: one.socket.inbound is None)
    assert one.socket.backlog is None
    assert not hub.poller._tasks
    assert not hasattr(one.socket, "__dict__")


async def test_half_a_message_is_remembered_until_it_is_whole(pair):
    one = pair()
    whole = text(asking(1))
    for byte in whole[:-1]:
        one.raw.send(bytes([byte]))
    await until(lambda: one.socket.inbound is not None and one.socket.inbound._fed == len(whole) - 1)
    one.raw.send(whole[-1:])
    assert await one.outcomes(1) == ["1 ok"]
    await until(lambda: one.socket.inbound is None)


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


def take(connection):
    """Read what is there, and answer pings with something."""
    if not select.select([connection], [], [], 0)[0]:
        return b""
    connection.send(PONG)
    return connection.recv(65536)


async def test_a_silent_client_is_asked_then_forgotten(pair, quick):
    silent, alive = pair(), pair()
    async with asyncio.timeout(10):
        while not silent.socket.gone:
            take(alive.raw.connection)
            await asyncio.sleep(0.002)
    heard = [await silent.frame() for _ in range(2)]
    while heard[-1] is not None:
        heard.append(await silent.frame())
    assert {one.opcode for one in heard[:-1]} == {Opcode.PING}
    assert not alive.socket.gone


async def test_who_is_waiting_for_an_answer_is_not_silent(pair, quick, monkeypatch):
    answered = asyncio.Event()

    async def answer(*_):
        await answered.wait()
        return "{}"

    monkeypatch.setattr(requests, "answer", answer)
    one, silent = pair(), pair()
    one.raw.send(text(asking(1)))
    await until(lambda: silent.socket.gone)
    await asyncio.sleep(2 * poller.SPOKES * poller.TICK)
    assert not one.socket.gone
    answered.set()
    assert (await one.frame()).data == b"{}"


async def test_who_takes_its_time_is_not_silent(pair, quick, monkeypatch):
    monkeypatch.setattr(parked, "STALL_PATIENCE", 20.0)
    slow, silent = pair(), pair()
    for _ in range(25):
        slow.socket.send(TextFrame("x" * 10_000))
    while not silent.socket.gone:
        assert slow.socket.backlog is not None
        slow.raw.connection.recv(500)
        await asyncio.sleep(0.005)
    assert not slow.socket.gone


async def test_an_end_that_finds_no_room_is_told_when_there_is_some(pair):
    one = pair()
    while one.socket.backlog is None:
        one.socket.send(TextFrame("x" * 300))
    # The kernel is full, and the frame that it took a part of was the last one.
    one.socket.end(4001)
    heard = [bytes((await one.frame()).data)]
    while heard[-1][:2] != b"\x0f\xa1":
        heard.append(bytes((await one.frame()).data))
    assert set(heard[:-1]) == {b"x" * 300}


async def test_sockets_that_hear_the_same_share_what_they_hear(pair):
    one, other, room = pair(), pair(), uuid.uuid4()
    one.socket.hear(room)
    other.socket.hear(uuid.UUID(str(room)))
    assert one.socket.rooms is other.socket.rooms


async def test_pings_are_spread_over_the_interval(pair, hub):
    ones = [pair() for _ in range(100)]
    spokes = [len(spoke) for spoke in hub.poller._wheel]
    assert sum(spokes) == len(ones)
    assert max(spokes) <= 2 * len(ones) / poller.SPOKES + 2


async def test_silence_is_noticed_within_the_time_of_the_unparked(hub):
    from chatscape.management.commands.serve import PING_INTERVAL, PING_TIMEOUT

    assert poller.PING_AFTER * poller.TICK == PING_INTERVAL
    assert poller.FORGET_AFTER * poller.TICK == PING_INTERVAL + PING_TIMEOUT
    # The longest silence that can be told from a short one.
    assert (poller.FORGET_AFTER + poller.SPOKES) < poller.ROUND


async def test_a_client_that_vanishes_is_forgotten(pair, hub):
    closed, reset, hears = pair(), pair(), pair()
    closed.raw.close()
    reset.raw.connection.shutdown(socket.SHUT_RD)
    for _ in range(3):
        reset.socket.send(TextFrame("x"))
    hears.socket.send(TextFrame("x"))
    await until(lambda: hub.sockets == {hears.socket})
    # Nothing is written to whatever has its descriptor now.
    closed.socket.send(TextFrame("x"))
    closed.socket.end(1000)
    assert closed.socket.fd == -1
    assert (await hears.frame()).data == b"x"


async def test_an_end_is_told_and_answered(pair, hub):
    one = pair()
    one.socket.end(4001, "sign in")
    one.socket.send(TextFrame("too late"))
    assert not hub.sockets
    assert (await one.frame()).data == b"\x0f\xa1sign in"
    one.raw.send(text(asking(1)), close(4001))
    assert await one.frame() is None
    one.raw.close()
    await until(lambda: not hub.poller.sockets())


@pytest.mark.parametrize("politely", [True, False])
async def test_what_was_asked_before_leaving_is_done(politely, pair, hub, monkeypatch):
    go_on, seen = asyncio.Event(), []

    async def answer(_socket, asked, _data):
        await go_on.wait()
        seen.append(json.loads(asked)["ref"])
        return asked

    monkeypatch.setattr(requests, "answer", answer)
    one = pair()
    one.raw.send(*(text(asking(number)) for number in range(3)), close(1000) if politely else b"")
    if not politely:
        one.raw.close()
    await until(lambda: not hub.sockets)
    go_on.set()
    await until(lambda: seen == [0, 1, 2])


async def test_what_waits_when_access_ends_is_not_done(pair, hub, monkeypatch):
    go_on, seen = asyncio.Event(), []

    async def answer(_socket, asked, _data):
        seen.append(json.loads(asked)["ref"])
        await go_on.wait()
        return asked

    monkeypatch.setattr(requests, "answer", answer)
    one = pair()
    one.raw.send(*(text(asking(number)) for number in range(3)))
    await until(lambda: seen == [0] and len(one.socket.inbound.messages) == 2)
    one.socket.end(4001)
    go_on.set()
    await until(lambda: not hub.poller._tasks)
    assert seen == [0]


async def test_who_does_not_answer_an_end_is_cut(pair, hub, quick):
    one = pair()
    one.socket.end(4001)
    await until(lambda: not hub.poller.sockets())
    assert await one.ends() == ["close 4001"]


async def test_no_more_is_read_than_is_answered(pair, monkeypatch):
    go_on = asyncio.Semaphore(0)
    seen = []

    async def answer(_socket, asked, _data):
        await go_on.acquire()
        seen.append(json.loads(asked)["ref"])
        return asked

    monkeypatch.setattr(requests, "answer", answer)
    one, count = pair(buffer=1 << 20), 2_000
    sending = asyncio.create_task(asyncio.to_thread(one.raw.send, *(text(asking(n)) for n in range(count))))
    await until(lambda: one.socket.inbound is not None and one.socket.inbound.paused)
    # No more than one portion beyond the limit.
    assert FRAMES_WAITING < len(one.socket.inbound.messages) < parked.READ / len(text(asking(1)))
    for _ in range(count):
        go_on.release()
    await sending
    assert [json.loads((await one.frame()).data)["ref"] for _ in range(count)] == list(range(count))
    assert seen == list(range(count))
    await until(lambda: one.socket.inbound is None)


async def test_large_replies_wait_for_the_client_one_at_a_time(pair, monkeypatch):
    answered = 0

    async def answer(*_):
        nonlocal answered
        answered += 1
        return "x" * BACKLOG_MOST * 2

    monkeypatch.setattr(requests, "answer", answer)
    one = pair()
    one.raw.send(*(text(asking(n)) for n in range(5)))
    await until(lambda: one.socket.backlog is not None)
    await asyncio.sleep(0.05)
    assert answered == 1
    # It takes its time; what others say meanwhile does not count against it.
    one.socket.send(TextFrame("event"))
    assert not one.socket.gone
    sizes = [len((await one.frame()).data) for _ in range(6)]
    assert sizes == [BACKLOG_MOST * 2, 5, *[BACKLOG_MOST * 2] * 4]


async def test_an_error_of_one_reaches_no_other(pair, hub, monkeypatch, caplog):
    bad, good = pair(), pair()
    receive = ParkedSocket.receive

    def fails(self, data):
        if self is bad.socket:
            raise KeyError("reason")
        receive(self, data)

    monkeypatch.setattr(ParkedSocket, "receive", fails)
    bad.raw.send(text(asking(1)))
    good.raw.send(text(asking(2)))
    assert await good.outcomes(1) == ["2 ok"]
    await until(lambda: hub.sockets == {good.socket})
    assert "A socket was given up" in caplog.text


async def test_many_that_are_ready_leave_time_for_others(pair, hub, monkeypatch):
    ones = [pair() for _ in range(60)]
    served, turns = [], 0
    monkeypatch.setattr(poller, "SLICE", -1.0)
    monkeypatch.setattr(ParkedSocket, "read", lambda self: served.append(self) or os.read(self.fd, 10))
    for one in ones:
        one.raw.send(b"x")
    async with asyncio.timeout(10):
        while len(set(served)) < len(ones):
            await asyncio.sleep(0)
            turns += 1
    # Each was served once, and the loop went round between them.
    assert len(served) == len(ones)
    assert turns > len(ones) / 2


async def test_all_are_told_at_the_end(pair, hub):
    polite, rude, busy = pair(), pair(), pair()
    busy.socket.send(TextFrame("x" * 100_000))
    ending = asyncio.create_task(hub.poller.close_all(1012, "restart", within=0.3))
    assert (await polite.frame()).data == b"\x03\xf4restart"
    polite.raw.send(close(1012))
    await ending
    assert await rude.ends() == ["close 1012"]
    assert not hub.poller.sockets()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.builds(
                lambda opcode, data, fin, rsv, mask: frame(opcode, data, fin=fin, rsv=rsv, mask=mask),
                st.integers(0, 15),
                st.binary(max_size=200),
                st.booleans(),
                st.sampled_from([0, 0, 0, 0, 1]),
                st.sampled_from([True, True, True, False]),
            ),
        ),
        max_size=12,
    )
)
def test_whatever_comes_leaves_nothing_behind(chunks):
    async def run():
        hub = Hub(asyncio.get_running_loop())
        hub.link.lost = True
        strange, other = Pair(hub), Pair(hub)
        for chunk in chunks:
            strange.raw.send(chunk)
            await asyncio.sleep(0)
        other.raw.send(text(asking(7)))
        assert await other.outcomes(1) == ["7 ok"]
        strange.raw.close()
        await until(lambda: hub.sockets == {other.socket})
        other.raw.close()
        await until(lambda: not hub.poller.sockets())
        await hub.poller.close_all()
        assert not hub.groups

    asyncio.run(run())


def test_daphne_lets_go_of_a_connection_without_a_trace():
    """Tells when Daphne, Autobahn or Twisted have changed what `chatscape.parking` reaches into."""
    done = subprocess.run(
        [sys.executable, "-m", "chat.tests.realtime.handing_over"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "received": "early",
        "alive": [],
        "connections": 0,
        "readers": 0,
        "count": 0,
        "heard": "parked",
        "stays open": True,
        "fallback": "unparked",
    }
