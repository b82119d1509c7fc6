"""Who says nothing is asked, then forgotten; who is busy is not silent."""

import asyncio

from websockets.frames import Opcode

from chat.realtime import parked, poller, requests
from chat.realtime.frames import TextFrame
from chat.tests.realtime.parked.pairs import take, until
from chat.tests.realtime.raw import asking, text


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
