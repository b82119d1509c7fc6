"""RFC 6455, case by case as the Autobahn suite has them, for sockets that are parked and that are not."""

import shutil
import time

import pytest

from chat.tests.realtime.clusters import set_scene
from chat.tests.realtime.raw import Raw, asking, close, frame, more, text
from chatscape.testing.server import Server

MOST = 256 * 1024
PING, PONG = 9, 10
WORDS = "κόσμε 💥".encode()
WHOLE = asking("κόσμε 💥")
INSIDE = WHOLE.index(WORDS) + 1
CONTINUED = text(b'{"action": "ping",', fin=False)


@pytest.fixture(scope="module")
def stage():
    with Server() as server:
        server.prepare()
        yield server.var, set_scene(server)


@pytest.fixture(scope="module", params=["1", "0"], ids=["parked", "unparked"])
def server(request, stage):
    with Server({"PARKED_SOCKETS": request.param, "HEARTBEAT_SECONDS": "60"}) as server:
        server.prepare()
        shutil.copytree(stage[0], server.var, dirs_exist_ok=True)
        yield server.start()


@pytest.fixture
def connect(server, stage):
    opened = []

    def connect(early=b"", **options):
        opened.append(Raw.open(server.port, stage[1].alice, early, **options))
        return opened[-1]

    yield connect
    for raw in opened:
        raw.close()


RIGHT = {
    # 1: frames of any size
    "empty": ([text(b"")], ["null bad_frame"]),
    **{
        f"text of {size}": ([text(asking(size, size))], [f"{size} ok"])
        for size in (125, 126, 127, 128, 32 * 1024)
    },
    **{
        f"text of {size}": ([text(asking(size, size)), text(asking(1))], ["null too_large", "1 ok"])
        for size in (65535, 65536, MOST)
    },
    "binary": ([frame(2, asking(1)), frame(2, b"\x00\xff"), frame(2)], ["null bad_frame"] * 3),
    # 2: pings and pongs
    "ping": ([frame(PING)], ["pong "]),
    "ping with words": ([frame(PING, b"\x00\xffabc")], ["pong \x00\xffabc"]),
    "longest ping": ([frame(PING, b"x" * 125)], ["pong " + "x" * 125]),
    "ten pings": ([frame(PING, b"%d" % n) for n in range(10)], [f"pong {n}" for n in range(10)]),
    "pong for nothing": ([frame(PONG, b"x"), frame(PONG), text(asking(1))], ["1 ok"]),
    # 5: fragments
    "two fragments": ([CONTINUED, more(b'"ref": 1}')], ["1 ok"]),
    "empty fragments": (
        [text(b"", fin=False), more(b"", fin=False), more(asking(1), fin=False), more(b"")],
        ["1 ok"],
    ),
    "each byte a fragment": (
        [text(b"", fin=False), *(more(bytes([byte]), fin=False) for byte in asking(1)), more(b"")],
        ["1 ok"],
    ),
    "pings between fragments": (
        [CONTINUED, frame(PING, b"a"), more(b'"ref"', fin=False), frame(PING, b"b"), more(b": 1}")],
        ["pong a", "pong b", "1 ok"],
    ),
    "pong between fragments": ([CONTINUED, frame(PONG, b"a"), more(b'"ref": 1}')], ["1 ok"]),
    "fragments of bytes": ([frame(2, b"\xff", fin=False), more(b"\x00")], ["null bad_frame"]),
    "fragments up to the limit": (
        [text(b"x" * (MOST - 1), fin=False), more(b"x"), text(asking(1))],
        ["null too_large", "1 ok"],
    ),
    # 6: UTF-8
    "words": ([text(WHOLE)], ['"κόσμε 💥" ok']),
    "cut inside a character": (
        [text(WHOLE[:INSIDE], fin=False), more(WHOLE[INSIDE:])],
        ['"κόσμε 💥" ok'],
    ),
    "cut inside every character": (
        [text(b"", fin=False), *(more(bytes([byte]), fin=False) for byte in WHOLE), more(b"")],
        ['"κόσμε 💥" ok'],
    ),
    "noncharacters": ([text("\ufffe\uffff\U0010ffff"), text("\x00")], ["null bad_frame"] * 2),
    # Many at once
    "pipelined": ([text(asking(n)) for n in range(100)], [f"{n} ok" for n in range(100)]),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_answered(connect, case):
    sent, expected = RIGHT[case]
    raw = connect()
    raw.send(*sent)
    # Pongs come when they like.
    assert sorted(raw.outcomes(len(expected))) == sorted(expected)
    for part in sent:
        raw.send(part)
    got = raw.outcomes(len(expected))
    assert [one for one in got if not one.startswith("pong")] == [
        one for one in expected if not one.startswith("pong")
    ]
    raw.send(close(1000, b"enough"))
    assert raw.ends() == ["close 1000"]


@pytest.mark.parametrize("case", [case for case in RIGHT if sum(map(len, RIGHT[case][0])) < 2_000])
def test_what_comes_byte_by_byte_is_answered(connect, case):
    sent, expected = RIGHT[case]
    raw = connect()
    raw.send(*sent, chop=1)
    assert sorted(raw.outcomes(len(expected))) == sorted(expected)


@pytest.mark.parametrize("case", [case for case in RIGHT if sum(map(len, RIGHT[case][0])) < 20_000])
def test_what_comes_with_the_handshake_is_answered(connect, case):
    sent, expected = RIGHT[case]
    whole = b"".join(sent)
    for cut in (len(whole), len(whole) - 1, 3):
        raw = connect(whole[:cut])
        raw.send(whole[cut:])
        assert sorted(raw.outcomes(len(expected))) == sorted(expected)


WRONG = {
    # 2, 5: control frames
    "long ping": ([frame(PING, b"x" * 126)], 1002),
    "fragmented ping": ([frame(PING, b"x", fin=False)], 1002),
    "fragmented pong": ([frame(PONG, b"x", fin=False)], 1002),
    "fragmented close": ([frame(8, b"", fin=False)], 1002),
    # 3: reserved bits
    **{f"reserved bits {rsv}": ([text(asking(1), rsv=rsv)], 1002) for rsv in range(1, 8)},
    "reserved bit of a ping": ([frame(PING, rsv=4)], 1002),
    "reserved bit of a fragment": ([CONTINUED, more(b"x", rsv=4)], 1002),
    # 4: reserved opcodes
    **{f"opcode {code}": ([frame(code, b"x")], 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    # 5: fragments
    "continuation of nothing": ([more(b"x")], 1002),
    "unfinished continuation of nothing": ([more(b"x", fin=False)], 1002),
    "continuation after the last": ([CONTINUED, more(b'"ref":1}'), more(b"x")], 1002),
    "text within fragments": ([CONTINUED, text(asking(1))], 1002),
    "bytes within fragments": ([CONTINUED, frame(2, b"x")], 1002),
    # 5.1: masks
    "without a mask": ([text(asking(1), mask=False)], 1002),
    "ping without a mask": ([frame(PING, mask=False)], 1002),
    # 6: UTF-8
    **{
        f"invalid {data!r}": ([text(data)], 1007)
        for data in (
            b"\xff",
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xce",
            b"a\x80",
            b"\xce\xba\xed\xa0\x80edited",
        )
    },
    "invalid over fragments": ([text(b"\xce", fin=False), more(b"\xba\xce", fin=False), more(b"")], 1007),
    "surrogate over fragments": ([text(b"\xed", fin=False), more(b"\xa0\x80")], 1007),
    # 7: closes
    "close with one byte": ([frame(8, b"\x03")], 1002),
    "long close": ([frame(8, b"\x03\xe8" + b"x" * 124)], 1002),
    "close with invalid words": ([close(1000, b"\xce")], 1007),
    **{
        f"close {code}": ([close(code)], 1002)
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    # 9: limits
    "too large": ([text(b"x" * (MOST + 1))], 1009),
    "too large by its length": ([b"\x81\xff" + (2**40).to_bytes(8, "big") + b"mask"], 1009),
    "too large in fragments": ([text(b"x" * MOST, fin=False), more(b"x")], 1009),
    "too large in many fragments": ([text(b"", fin=False), *[more(b"x" * 65536, fin=False)] * 5], 1009),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("chop", [0, 7])
def test_what_is_wrong_ends_the_socket_with_a_code(connect, case, chop):
    sent, code = WRONG[case]
    if chop and sum(map(len, sent)) > 2_000:
        chop = 60_000
    raw = connect()
    raw.send(text(asking(0)))
    assert raw.outcome() == "0 ok"
    raw.send(*sent, chop=chop)
    while (got := raw.outcome()).endswith((" ok", " bad_frame")):
        pass
    assert got == f"close {code}"
    raw.send(close(code))
    assert raw.ends() == []


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
)
def test_a_good_bye_is_returned(connect, code):
    raw = connect()
    raw.send(close(code, b"x" * 123))
    assert raw.ends() == [f"close {code}"]


def test_a_good_bye_without_words_is_returned(connect):
    raw = connect()
    raw.send(close())
    assert raw.ends() in (["close"], ["close 1000"])


def test_what_follows_a_good_bye_is_ignored(connect):
    raw = connect()
    raw.send(close(1000), text(asking(1)), frame(PING, b"x"), close(4000), frame(3))
    assert raw.ends() == ["close 1000"]


def test_a_good_bye_within_a_message_ends_it(connect):
    raw = connect()
    raw.send(CONTINUED, close(1000))
    assert raw.ends()[-1] in ("close 1000", "close 1002")


def test_who_says_good_bye_to_everything_gets_one_answer(connect):
    raw = connect()
    raw.send(text(b"\xff"), close(1007), close(1000))
    assert raw.ends() == ["close 1007"]


def test_who_does_not_answer_our_good_bye_is_cut(connect):
    raw = connect()
    raw.send(text(b"\xff"))
    assert raw.outcome() == "close 1007"
    began = time.monotonic()
    assert raw.ends() == []
    assert time.monotonic() - began < 10


def test_compression_is_not_agreed_on(connect):
    raw = connect(headers="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
    raw.send(text(asking(1)))
    assert raw.outcome() == "1 ok"
