"""How a parked socket ends, by itself or by the server, and what happens to what was asked before."""

import asyncio
import json
import socket

import pytest

from chat.realtime import requests
from chat.realtime.frames import TextFrame
from chat.tests.realtime.parked.pairs import until
from chat.tests.realtime.raw import asking, close, text


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


async def test_all_are_told_at_the_end(pair, hub):
    polite, rude, busy = pair(), pair(), pair()
    busy.socket.send(TextFrame("x" * 100_000))
    ending = asyncio.create_task(hub.poller.close_all(1012, "restart", within=0.3))
    assert (await polite.frame()).data == b"\x03\xf4restart"
    polite.raw.send(close(1012))
    await ending
    assert await rude.ends() == ["close 1012"]
    assert not hub.poller.sockets()
