"""Sockets that ask, send or come too often are told to wait (MO5)."""

import asyncio
import json
import uuid

import pytest

from chat.models import Message
from chat.realtime.hub import ensure_hub, stop_hub
from chat.realtime.traffic import TOO_FAST
from chat.tests.realtime.pages import Closed, Loopback, Page, Refused, Wired, database, sign_in
from chat.tests.situations import client_of
from chatscape import rates
from chatscape.rates import Limit, Rate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh():
    rates._buckets.clear()
    yield
    rates._buckets.clear()


def post(room, body="Hello"):
    return {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": body}


async def test_who_sends_too_fast_waits_and_loses_nothing(open_page, alice, room, settings):
    settings.LIMITS = {"send": Limit(Rate(3, 1), None)}
    page = await open_page(alice)
    said = [post(room, f"Word {number}") for number in range(12)]
    refused = 0
    for words in said:
        while (reply := await page.ask("message.post", **words))["status"] == "error":
            assert (reply["code"], reply["retry_after"]) == ("rate_limited", 1)
            assert reply["message"] == "A little slower, please. Try again in 1 second."
            refused += 1
            await page.done("ping")
            await asyncio.sleep(0.05)
    assert refused
    bodies = await database(lambda: list(Message.objects.order_by("sequence").values_list("body", flat=True)))
    assert bodies == [words["body"] for words in said]


async def test_sockets_and_forms_share_an_allowance(open_page, alice, room, settings):
    settings.LIMITS = {"send": Limit(Rate(2, 3600), None)}
    page = await open_page(alice)
    await page.done("message.post", **post(room))
    client = await database(client_of, alice)
    url = f"/rooms/{room.id}/messages/"
    assert (await database(client.post, url, {"body": "x"})).status_code == 303
    assert (await database(client.post, url, {"body": "x"})).status_code == 429
    refusal = await page.ask("message.edit", room=str(room.id), sequence=1, body="Other words")
    assert refusal["code"] == "rate_limited"
    # Another person, and taking something back, are other things.
    await page.done("message.delete", room=str(room.id), sequence=1)


async def test_what_many_send_from_one_address_is_limited(open_page, alice, bob, room, settings):
    settings.LIMITS = {"send": Limit(Rate(100, 3600), Rate(3, 3600))}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    hers, his = await open_page(alice), await open_page(bob)
    for page in (hers, his):
        [socket] = [
            socket for socket in ensure_hub().sockets if socket.user_id == (alice if page is hers else bob).id
        ]
        socket.address = "192.0.2.1"
    for page in (hers, his, hers):
        await page.done("message.post", **post(room))
    assert (await his.ask("message.post", **post(room)))["code"] == "rate_limited"


@pytest.mark.parametrize("action", ["ping", "typing", "read", "history.get", "room.join", "nonsense", None])
async def test_a_flood_of_frames_is_refused_and_then_ended(open_page, alice, room, settings, action):
    settings.LIMITS = {"frames": Limit(Rate(10, 3600), None), "flood": Limit(Rate(20, 3600), None)}
    page = await open_page(alice)
    frame = json.dumps({"action": action, "ref": 1, "room": str(room.id), "sequence": 1}) if action else "{"
    codes: list[str] = []

    async def flood() -> None:
        for _time in range(100):
            await page.wire.send(frame)
            codes.append(json.loads(await page.next_reply()).get("code", "ok"))

    with pytest.raises(Closed) as closed:
        await flood()
    assert "rate_limited" not in codes[:10]
    # Frames that nobody can read are counted, and still said to be that.
    assert set(codes[10:]) == {"rate_limited" if action else "bad_frame"}
    assert len(codes) == 30
    assert closed.value.code == TOO_FAST


async def test_a_socket_that_is_refused_frames_stays_open(open_page, alice, settings):
    settings.LIMITS = {"frames": Limit(Rate(5, 1), None), "flood": Limit(Rate(1_000, 60), None)}
    page = await open_page(alice)
    replies = [await page.ask("ping") for _time in range(50)]
    refused = [reply for reply in replies if reply["status"] == "error"]
    assert refused
    assert {(reply["code"], reply["retry_after"]) for reply in refused} == {("rate_limited", 1)}
    await asyncio.sleep(refused[-1]["retry_after"])
    await page.done("ping")


async def test_who_comes_too_often_is_refused_before_the_session_is_looked_at(
    alice, bob, settings, monkeypatch
):
    from chat.realtime import handshake

    settings.LIMITS = {"connect": Limit(None, Rate(2, 3600))}
    session = await database(sign_in, alice)
    monkeypatch.setattr(rates, "address_in", lambda scope: "192.0.2.1")
    for _time in range(2):
        await Page(await Loopback.open(session)).close()
    monkeypatch.setattr(handshake, "session_of", lambda scope: pytest.fail("somebody looked"))
    with pytest.raises(Refused) as refusal:
        await Loopback.open(session)
    assert refusal.value.status == 429
    await stop_hub()


async def test_one_person_has_so_many_handshakes_and_another_theirs(alice, bob, settings):
    settings.LIMITS = {"connect": Limit(Rate(2, 3600), None)}
    hers, his = [await database(sign_in, person) for person in (alice, bob)]
    for session in (hers, hers, his):
        await Page(await Loopback.open(session)).close()
    with pytest.raises(Refused) as refusal:
        await Loopback.open(hers)
    assert refusal.value.status == 429
    await stop_hub()


@pytest.mark.parametrize("parked", ["0", "1"])
async def test_a_real_server_says_when_to_come_back(serve, parked):
    from websockets.exceptions import InvalidStatus

    from chat.tests.browser.desk import Desk

    limits = {"LIMITS": "on", "LIMIT_CONNECT": "2/1h", "LIMIT_FRAMES": "5/1h", "LIMIT_FLOOD": "3/1h"}
    server = await database(serve, {**limits, "PARKED_SOCKETS": parked})
    with Desk(server) as desk:
        [alice] = desk.people("Alice")
        wires = [await Wired.open(server.port, alice.session) for _time in range(2)]
        with pytest.raises(InvalidStatus) as refusal:
            await Wired.open(server.port, alice.session)
        assert refusal.value.response.status_code == 429
        assert 1700 < int(refusal.value.response.headers["Retry-After"]) <= 1800
        page = Page(wires[0])
        codes = [(await page.ask("ping")).get("code", "ok") for _time in range(8)]
        assert codes == ["ok"] * 5 + ["rate_limited"] * 3
        with pytest.raises(Closed) as closed:
            await page.ask("ping")
        assert closed.value.code == TOO_FAST
        for wire in wires:
            await wire.close()
