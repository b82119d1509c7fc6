"""What comes from a parked socket: in pieces, in heaps, without sense, and from many at once."""

import asyncio
import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.realtime import parked, poller, requests
from chat.realtime.frames import TextFrame
from chat.realtime.hub import Hub
from chat.realtime.parked import ParkedSocket
from chat.realtime.traffic import BACKLOG_MOST, FRAMES_WAITING
from chat.tests.realtime.parked.pairs import Pair, until
from chat.tests.realtime.raw import asking, frame, text


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
