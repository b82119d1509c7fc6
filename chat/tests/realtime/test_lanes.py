"""Busy rooms cost few frames, quiet ones wait for nothing, and nobody's fault is another's (ME9, RT8)."""

import asyncio
import json
import time
from collections import Counter
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.realtime import lanes as lanes_module
from chat.realtime.frames import HTML, JSON, event_frames
from chat.realtime.lanes import AMBIENT_MOST, Lanes
from chat.tests.realtime.pages import ARTICLE

ROOM = f"room.{uuid4()}"


class Ear:
    """A socket that keeps the frames it gets, and when."""

    def __init__(self, protocol=HTML, *, slow=0.0):
        self.protocol, self.frames, self.at, self.slow = protocol, [], [], slow

    def send(self, frame):
        self.frames.append(frame.text)
        self.at.append(time.monotonic())
        if self.slow:
            time.sleep(self.slow)


class Broken(Ear):
    def send(self, frame):
        raise OSError


def message(number):
    html = (
        f'<article class="message" id="m-{number}" data-room="r" data-sequence="{number}"'
        f' data-revision="{number}">{number}</article>'
    )
    return {
        "name": "message.created",
        "room": "r",
        "revision": number,
        "html": html,
        "message": {"sequence": number},
    }


def sequences(ear):
    return [int(found[1]) for frame in ear.frames for found in ARTICLE.findall(frame)]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def open_lanes():
    opened = []

    def open_lanes(*ears, group=ROOM):
        lanes = Lanes(asyncio.get_running_loop(), {group: dict.fromkeys(ears)})
        opened.append(lanes)
        return lanes

    yield open_lanes
    for lanes in opened:
        await lanes.stop()


async def test_what_is_said_while_a_frame_is_written_shares_the_next(open_lanes):
    ears = [Ear(slow=0.001) for _ in range(10)]
    lanes = open_lanes(*ears)
    lanes.put(ROOM, message(1))
    await until(lambda: ears[0].frames or ears[-1].frames)
    for number in range(2, 42):
        lanes.put(ROOM, message(number))
    await until(lambda: all(len(sequences(ear)) == 41 for ear in ears))
    for ear in ears:
        assert sequences(ear) == list(range(1, 42))
        assert len(ear.frames) == 2


async def test_a_quiet_room_waits_for_nothing(open_lanes, monkeypatch):
    monkeypatch.setattr(lanes_module, "WINDOW", 30)
    ear = Ear()
    lanes = open_lanes(ear)
    for number in range(1, 6):
        lanes.put(ROOM, message(number))
        await until(lambda number=number: len(ear.frames) == number)


async def test_what_was_overtaken_comes_first(open_lanes, monkeypatch):
    monkeypatch.setattr(lanes_module, "OVERTAKEN", 0.5)
    ear = Ear()
    lanes = open_lanes(ear)
    for number in (1, 3):
        lanes.put(ROOM, message(number))
        await asyncio.sleep(0.01)
    assert sequences(ear) == [1]
    lanes.put(ROOM, message(4))
    lanes.put(ROOM, message(2))
    await until(lambda: len(ear.frames) == 2)
    assert sequences(ear) == [1, 2, 3, 4]


async def test_nothing_waits_for_what_never_comes(open_lanes):
    ear = Ear()
    lanes = open_lanes(ear)
    for number in (1, 5, 6, 3):
        lanes.put(ROOM, message(number))
        await until(lambda number=number: number in sequences(ear))
    assert sequences(ear) == [1, 5, 6, 3]


async def test_no_room_waits_for_another(open_lanes):
    crowd, ear = [Ear(slow=0.002) for _ in range(500)], Ear()
    lanes = open_lanes(*crowd)
    lanes._groups["room.other"] = {ear: None}
    lanes.put(ROOM, message(1))
    await until(lambda: any(other.frames for other in crowd))
    lanes.put("room.other", message(1))
    await until(lambda: ear.frames)
    assert not all(other.frames for other in crowd)


async def test_a_socket_that_fails_costs_no_other(open_lanes, caplog):
    ears = [Ear() for _ in range(20)]
    lanes = open_lanes(*ears[:10], Broken(), Broken(), *ears[10:])
    for number in range(1, 4):
        lanes.put(ROOM, message(number))
    await until(lambda: all(sequences(ear) == [1, 2, 3] for ear in ears))
    assert "OSError" in caplog.text


async def test_an_event_that_cannot_be_told_is_left_out(open_lanes):
    ear = Ear()
    lanes = open_lanes(ear)
    lanes.put(ROOM, {"name": "message.created", "html": "x", "what": object()})
    lanes._groups["room.json"] = {(other := Ear(JSON)): None}
    for event in (message(1), {**message(2), "message": object()}, message(3)):
        lanes.put("room.json", event)
    await until(lambda: other.frames)
    assert [event["revision"] for event in json.loads(other.frames[0])["events"]] == [1, 3]


async def test_a_flood_drops_the_oldest_so_that_clients_see_the_gap(open_lanes, monkeypatch):
    monkeypatch.setattr(lanes_module, "WAITING_MOST", 10)
    ear = Ear()
    lanes = open_lanes(ear)
    for number in range(1, 31):
        lanes.put(ROOM, message(number))
    await until(lambda: ear.frames)
    assert sequences(ear) == list(range(21, 31))


async def test_ten_thousand_ambient_events_make_four_frames_a_second(open_lanes, monkeypatch):
    monkeypatch.setattr(lanes_module, "AMBIENT_WINDOW", 0.1)
    ears = [Ear(), Ear(JSON)]
    lanes = open_lanes(*ears)
    lanes._groups["room.other"] = dict.fromkeys(ears)
    began = time.monotonic()
    for number in range(10_000):
        group = ROOM if number % 2 else "room.other"
        lanes.put(group, {"name": "reaction.changed", "room": "r", "sequence": number % 7, "count": number})
        if number % 50 == 0:
            await asyncio.sleep(0.001)
    took = time.monotonic() - began
    await until(lambda: not lanes._ambient and lanes._teller is None)
    for ear in ears:
        assert len(ear.frames) <= took / 0.1 + 2
        assert all(later - sooner >= 0.09 for sooner, later in zip(ear.at, ear.at[1:], strict=False))
    latest = Counter()
    for frame in ears[0].frames:
        told = json.loads(frame)
        for notice in told.get("notices", [told]):
            latest[notice["sequence"]] = max(latest[notice["sequence"]], notice["count"])
    assert sorted(latest.values()) == list(range(9_993, 10_000))


async def test_messages_pass_ambient_events(open_lanes):
    ear = Ear()
    lanes = open_lanes(ear)
    for user in range(3):
        lanes.put(ROOM, {"name": "typing", "room": "r", "user": user})
        await asyncio.sleep(0)
    lanes.put(ROOM, message(1))
    await until(lambda: sequences(ear))
    assert sum("typing" in frame for frame in ear.frames) == 1


async def test_a_crowd_that_types_is_told_in_part(open_lanes):
    ear = Ear()
    lanes = open_lanes(ear)
    for user in range(10 * AMBIENT_MOST):
        lanes.put(ROOM, {"name": "typing", "room": "r", "user": user})
    await until(lambda: ear.frames)
    assert len(json.loads(ear.frames[0])["notices"]) == AMBIENT_MOST


async def test_nothing_is_kept_of_a_lane_that_is_quiet(open_lanes):
    lanes = open_lanes(Ear())
    lanes.put(ROOM, message(1))
    lanes.put(ROOM, {"name": "typing", "room": "r", "user": 1})
    await until(lambda: not (lanes._waiting or lanes._running or lanes._ambient or lanes._teller))
    lanes.forget(ROOM)
    assert not lanes._told


@given(st.lists(st.sampled_from(["html", "notice", "large"]), max_size=20))
def test_frames_keep_the_order_whatever_is_mixed(kinds):
    events = []
    for number, kind in enumerate(kinds, start=1):
        event = message(number)
        if kind == "notice":
            event = {"name": "member.left", "revision": number}
        elif kind == "large":
            event["html"] = event["html"].replace("</article>", "x" * 40_000 + "</article>")
        events.append(event)
    for protocol in (HTML, JSON):
        told = []
        for frame in event_frames(events, protocol):
            assert frame.wire.endswith(frame.text.encode())
            if frame.text.startswith("<"):
                told += [int(found[2]) for found in ARTICLE.findall(frame.text)]
            else:
                data = json.loads(frame.text)
                inside = data.get("events", data.get("notices", [data]))
                told += [event["revision"] for event in inside]
        assert told == list(range(1, len(kinds) + 1))
