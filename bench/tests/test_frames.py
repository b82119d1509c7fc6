"""The load reads what servers send, however it is cut."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bench.bare import unmasked
from bench.frames import PING, TEXT, client_frame, read, server_frame, split

SIZES = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70000])


@given(st.lists(SIZES, max_size=4), st.data())
def test_frames_are_found_wherever_the_bytes_are_cut(sizes, data):
    sent = b"".join(server_frame(b"x" * size) for size in sizes)
    cut = data.draw(st.integers(0, len(sent)))

    first, rest = split(sent[:cut])
    second, left = split(rest + sent[cut:])

    assert [(opcode, len(payload)) for opcode, payload in first + second] == [(TEXT, n) for n in sizes]
    assert left == b""


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_what_a_client_masks_a_server_reads(payloads):
    frames, rest = unmasked(b"".join(client_frame(payload) for payload in payloads))

    assert ([payload for _opcode, payload in frames], rest) == (payloads, b"")


def test_one_frame_may_hold_several_messages():
    chunk = read(server_frame(b'<article data-sequence="7"></article><article data-sequence="8"></article>'))

    assert (chunk.frames, chunk.sequences) == (1, (7, 8))
    assert chunk.plain


def test_a_reply_is_no_delivery():
    reply = {"ref": 1, "status": "ok", "html": '<article data-sequence="9">'}
    chunk = read(server_frame(json.dumps(reply).encode()))

    assert chunk.sequences == ()
    assert chunk.replies == (reply,)
    assert not chunk.plain


def test_a_heartbeat_is_nothing():
    chunk = read(server_frame(b'{"heartbeat":{"room":7}}'))

    assert (chunk.sequences, chunk.replies) == ((), ())


def test_pings_and_closes_are_noticed():
    ping = bytes((0x80 | PING, 2)) + b"hi"

    assert read(ping).pings == (b"hi",)
    assert read(b"\x88\x02\x03\xe8").closed
    assert not read(ping).plain
