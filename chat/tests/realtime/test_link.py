"""The link to a layer that is slow, frozen, deaf or gone (RT3, RT9)."""

import asyncio
import gc
import json
import logging
import time

import pytest
from channels import layers

from chat.realtime import link as link_module
from chat.realtime import publisher
from chat.realtime.hub import ensure_hub, running_hub, stop_hub
from chat.tests.realtime.layers import BreakableLayer


class Ear:
    """A socket that keeps what it hears."""

    protocol = "chatscape.json"

    def __init__(self):
        self.heard, self.some = [], asyncio.Event()

    def send(self, frame):
        told = json.loads(frame.text)
        self.heard += [event["number"] for event in told.get("events", [told])]
        self.some.set()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def layer(monkeypatch):
    for name, value in {"PATIENCE": 0.2, "JOIN_PATIENCE": 0.1, "RETRY": 0.02, "QUIET": 0.05}.items():
        monkeypatch.setattr(link_module, name, value)
    broken = BreakableLayer()
    monkeypatch.setattr(layers.channel_layers, "backends", {"default": broken})
    yield broken
    broken.state = "fine"
    await stop_hub()


@pytest.fixture
async def hub(layer):
    hub = ensure_hub()
    await until(lambda: hub.link.healthy)
    return hub


async def hearing(hub, group="room.1"):
    ear = Ear()
    hub.subscribe([group], ear)
    await hub.link.entered([group])
    return ear


def send(hub, *numbers, group="room.1"):
    for number in numbers:
        hub.link.send_soon(group, {"name": "counted", "number": number})


async def test_events_keep_their_order(hub):
    ear = await hearing(hub)
    send(hub, *range(1_000))
    await until(lambda: len(ear.heard) == 1_000)
    assert ear.heard == list(range(1_000))


async def test_a_group_is_entered_once_and_left_when_nobody_wants_it(hub, layer):
    ears = [await hearing(hub) for _ in range(5)]
    assert list(layer.groups["room.1"]) == [hub.link.channel]
    for ear in ears:
        hub.unsubscribe("room.1", ear)
        hub.unsubscribe("room.1", ear)
    assert "room.1" not in hub.groups
    await until(lambda: "room.1" not in layer.groups)
    again = await hearing(hub)
    send(hub, 1)
    await until(lambda: again.heard == [1])
    assert not ears[0].heard


@pytest.mark.parametrize("state", ["frozen", "gone", "deaf"])
async def test_without_the_layer_sockets_of_this_process_hear_each_other(hub, layer, state):
    ear = await hearing(hub)
    layer.state = state
    await until(lambda: hub.link.lost)
    started = time.monotonic()
    send(hub, *range(100))
    await until(lambda: len(ear.heard) == 100)
    assert ear.heard == list(range(100))
    assert time.monotonic() - started < 1
    layer.state = "fine"
    await until(lambda: hub.link.healthy)
    send(hub, 100)
    await until(lambda: ear.heard[-1] == 100)
    assert list(layer.groups["room.1"]) == [hub.link.channel]


@pytest.mark.parametrize("state", ["frozen", "gone"])
async def test_the_event_that_finds_the_layer_gone_is_heard_here(hub, layer, state):
    ear = await hearing(hub)
    layer.state = state
    send(hub, 1, 2, 3)
    await until(lambda: ear.heard == [1, 2, 3])
    assert hub.link.lost


async def test_joining_does_not_wait_for_a_layer_that_is_gone(hub, layer):
    layer.state = "frozen"
    started = time.monotonic()
    await asyncio.gather(*(hearing(hub, f"room.{number}") for number in range(50)))
    assert time.monotonic() - started < 0.4
    await until(lambda: hub.link.lost)
    started = time.monotonic()
    await hearing(hub, "room.x")
    assert time.monotonic() - started < 0.05


async def test_when_the_layer_is_back_everybody_is_told_the_revisions(hub, layer, monkeypatch):
    beats = []

    async def beat(sockets):
        beats.append(layer.state)

    monkeypatch.setattr(hub.heart, "beat", beat)
    layer.state = "gone"
    await until(lambda: beats == ["gone"])
    layer.state = "fine"
    await until(lambda: "fine" in beats)
    # Other processes are told, too: they may have missed what could not be published.
    assert ("hubs", {"type": "beat"}) in layer.sent


async def test_a_late_join_is_followed_by_a_heartbeat(hub, layer, monkeypatch):
    beats = []

    async def beat(sockets):
        beats.append(1)

    monkeypatch.setattr(hub.heart, "beat", beat)
    add = layer.group_add

    async def slow(group, channel):
        await asyncio.sleep(0.15)
        await add(group, channel)

    monkeypatch.setattr(layer, "group_add", slow)
    await hearing(hub)
    await until(lambda: beats)
    assert hub.link.healthy


async def test_a_full_outbox_drops_events_and_tells_everybody(layer, monkeypatch, caplog):
    monkeypatch.setattr(link_module, "OUTBOX", 2)
    hub = ensure_hub()
    ear = await hearing(hub)
    send(hub, *range(5))
    await until(lambda: ("hubs", {"type": "beat"}) in layer.sent)
    await until(lambda: ear.heard == [0, 1])
    assert caplog.text.count("The outbox is full") == 1


async def test_a_long_wait_is_not_a_leak(hub, layer):
    layer.state = "gone"
    await until(lambda: hub.link.lost)
    for _ in range(20):
        await asyncio.sleep(0.01)
    layer.state = "fine"
    await until(lambda: hub.link.healthy)
    assert len(asyncio.all_tasks()) <= 7


async def test_memberships_are_renewed_before_the_layer_forgets_them(hub, layer, monkeypatch):
    ear = await hearing(hub)
    await layer.group_discard("room.1", hub.link.channel)
    monkeypatch.setattr(link_module, "RENEW", 0.0)
    await until(lambda: "room.1" in layer.groups)
    send(hub, 1)
    await until(lambda: ear.heard == [1])


async def test_a_receiver_that_failed_silently_is_noticed(hub, caplog):
    logger = logging.getLogger("channels_redis.pubsub")
    try:
        raise ConnectionError
    except ConnectionError:
        logger.exception("Unexpected exception in receive task")
    assert hub.link.lost
    assert "Unexpected exception" not in caplog.text
    await until(lambda: hub.link.healthy)


async def test_an_unreadable_event_stops_nothing(hub, layer):
    ear = await hearing(hub)
    await layer.group_send("room.1", {"type": "event"})
    await layer.group_send("room.1", {})
    send(hub, 1)
    await until(lambda: ear.heard == [1])


async def test_a_library_that_swallows_a_cancellation_delays_the_end_only(hub, layer, monkeypatch):
    swallowed, add = asyncio.Event(), layer.group_add

    async def swallow(group, channel):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            swallowed.set()
        await add(group, channel)

    monkeypatch.setattr(layer, "group_add", swallow)
    hub.subscribe(["room.1"], Ear())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await stop_hub()
    assert swallowed.is_set()


def test_hubs_of_ended_loops_leave_nothing():
    async def serve():
        hub = ensure_hub()
        await until(lambda: hub.link.healthy)
        return hub

    hubs = [asyncio.run(serve()) for _ in range(3)]
    assert len({id(hub) for hub in hubs}) == 3
    assert running_hub() is None
    hubs.clear()
    gc.collect()


def test_publishing_without_a_server_gives_up_soon(monkeypatch, caplog):
    broken = BreakableLayer()
    monkeypatch.setattr(layers.channel_layers, "backends", {"default": broken})
    monkeypatch.setattr(publisher, "PATIENCE", 0.05)
    monkeypatch.setattr(publisher, "_resting_until", 0.0)
    publisher.publish("room.1", {"number": 1})
    assert [group for group, _event in broken.sent] == ["room.1"]
    broken.state = "frozen"
    started = time.monotonic()
    for number in range(100):
        publisher.publish("room.1", {"name": "counted", "number": number})
    assert time.monotonic() - started < 0.5
    assert caplog.text.count("Events are not sent") == 1


async def test_publishing_to_a_loop_that_has_just_ended_raises_nothing(hub, monkeypatch):
    def ended(*arguments):
        raise RuntimeError("Event loop is closed")

    monkeypatch.setattr(hub.loop, "call_soon_threadsafe", ended)
    publisher.publish("room.1", {"number": 1})
