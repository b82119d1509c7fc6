"""10,000 frames of any kind on one socket: each is answered, none closes it (ME4)."""

import json
import logging
import random
import uuid

import pytest

from chat import errors
from chat.realtime.frames import FRAME_MOST
from chat.realtime.requests import ACTIONS
from chat.tests.realtime.pages import database

pytestmark = pytest.mark.django_db(transaction=True)

FRAMES = 10_000
SECRET = "the-words-nobody-logs"
CODES = {
    kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ChatError)
}
EDGES = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**31,
    2**63,
    2**64,
    -(2**70),
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "💥",
    "null",
    "0",
    "a" * 5_000,
    [],
    {},
    [[]],
    {"": None},
    [None] * 50,
    {"a": {"b": {"c": []}}},
    "\u202e\u200b",
    "'; DROP TABLE--",
    "<script>",
    "urn:uuid:12345678-1234-5678-1234-567812345678",
    "{12345678-1234-5678-1234-567812345678}",
]
FIELDS = [
    "room",
    "client_id",
    "body",
    "reply_to",
    "sequence",
    "since",
    "before",
    "after",
    "limit",
    "ref",
    "action",
    "x",
]


class Fuzz:
    """Makes frames; the same ones every time."""

    def __init__(self, room: uuid.UUID) -> None:
        self.random = random.Random(20_261_121)
        self.room = str(room)

    def frame(self) -> dict[str, str | bytes]:
        kinds = [self.noise, self.binary, self.nested, self.number, self.not_an_object, self.large]
        pick = self.random.random()
        if pick < 0.35:
            return (
                {"text": self.random.choice(kinds)()}
                if pick > 0.05
                else {"bytes": self.noise().encode("utf-8", "surrogatepass")}
            )
        text = json.dumps(self.request(), ensure_ascii=self.random.random() < 0.5)
        if pick < 0.6:
            text = text[: self.random.randrange(len(text))]
        elif pick < 0.7:
            place = self.random.randrange(len(text))
            text = text[:place] + self.random.choice('{}[]",:\\\x00\ud800') + text[place + 1 :]
        return {"text": text}

    def request(self) -> dict[str, object]:
        """A request of a real action, with at least one absurd field."""
        made: dict[str, object] = {
            "action": self.random.choice([*ACTIONS, "nonsense"]),
            "ref": self.random.randrange(1_000),
            "room": self.room,
            "client_id": str(uuid.UUID(int=self.random.getrandbits(128))),
            "body": SECRET,
            "sequence": 1,
        }
        for field in self.random.sample(FIELDS, self.random.randint(1, 4)):
            made[field] = self.random.choice(EDGES)
        return made

    def noise(self) -> str:
        return "".join(
            chr(self.random.choice((self.random.randrange(256), self.random.randrange(0x110000))))
            for _ in range(20)
        )

    def binary(self) -> str:
        return self.random.randbytes(30).decode("latin1")

    def nested(self) -> str:
        return self.random.choice(["[", '{"a":', '{"action":[', "[[{"]) * self.random.choice(
            [10, 1_000, 6_000]
        )

    def number(self) -> str:
        return self.random.choice(['{"ref":%s}', '{"action":"ping","ref":%s}', "%s", "-%s"]) % (
            "9" * self.random.choice([30, 5_000])
        )

    def not_an_object(self) -> str:
        return json.dumps(self.random.choice(EDGES))

    def large(self) -> str:
        return json.dumps({"action": "ping", "body": "é" * (FRAME_MOST // 2)}, ensure_ascii=False)


async def test_10_000_frames_of_any_kind_are_answered(open_page, alice, room, caplog):
    page, fuzz = await open_page(alice), Fuzz(room.id)
    caplog.set_level(logging.DEBUG)
    answers: dict[str, int] = {}
    for _ in range(FRAMES):
        sent = fuzz.frame()
        await page.wire.communicator.send_input({"type": "websocket.receive", **sent})
        while True:
            frame = await page.wire.receive()
            if '"status":' in frame and not frame.startswith("<"):
                break
        reply = json.loads(frame)
        assert set(reply) >= {"ref", "status"}
        if reply["status"] == "error":
            assert reply["code"] in CODES - {"error"}, (sent, reply)
            assert reply["message"]
        code = reply.get("code", "ok")
        answers[code] = answers.get(code, 0) + 1
    # The frames reach every corner.
    assert answers.keys() >= {"ok", "bad_frame", "too_large", "unknown_action", "invalid", "not_found"}, (
        answers
    )
    await page.done("message.post", room=str(room.id), client_id=str(uuid.uuid4()), body="After the storm")
    assert await database(room.messages.filter(body="After the storm").count) == 1
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_unforeseen_error_is_told_and_the_words_are_not_logged(
    open_page, alice, room, monkeypatch, caplog
):
    from chat.realtime import posting

    def fails(postings):
        raise KeyError("reason")

    monkeypatch.setattr(posting, "post_messages", fails)
    page = await open_page(alice)
    what = {"room": str(room.id), "client_id": str(uuid.uuid4()), "body": SECRET}
    assert (await page.ask("message.post", **what))["code"] == "error"
    assert "A frame could not be handled" in caplog.text
    assert SECRET not in caplog.text
    await page.done("ping")


@pytest.mark.parametrize(("size", "code"), [(FRAME_MOST, "unknown_action"), (FRAME_MOST + 1, "too_large")])
async def test_the_limit_of_a_frame_counts_bytes(open_page, alice, size, code):
    page = await open_page(alice)
    frame = '{"action":"é%s"}'
    await page.wire.send(frame % ("x" * (size - len((frame % "").encode()))))
    assert json.loads(await page.next_reply())["code"] == code
