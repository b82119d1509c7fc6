"""A crowd opens its sockets, counts what each gets, and complains of what is missing."""

import socket
import threading

import pytest

from bench import servers
from bench.crowd import Crowd
from bench.talk import Talk, Voice, fan_out

ARTICLE = b'<article data-sequence="%d">Hello</article>'


@pytest.fixture(scope="module")
def loop():
    with servers.bare_sockets() as process:
        yield process.start()


@pytest.fixture
def crowd(loop):
    crowd = Crowd(loop.port)
    crowd.connect([""] * 20, in_flight=4)
    yield crowd
    crowd.close()


def heard(crowd, messages):
    wanted = crowd.delivered + messages * len(crowd.members)
    return lambda: crowd.delivered >= wanted


def test_a_handshake_that_is_put_off_is_tried_again():
    busy, open_now = b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            # Dropped, put off, then welcome.
            for answer in (b"", busy, open_now):
                connection = listener.accept()[0]
                with connection:
                    connection.recv(1000)
                    connection.sendall(answer)
                    if answer == open_now:
                        opened.wait(10)

        opened = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        crowd = Crowd(listener.getsockname()[1])
        crowd.connect([""])
        opened.set()
        thread.join()
        crowd.close()

    assert crowd.put_off == 2


def test_everybody_gets_what_one_says(crowd):
    crowd.send(crowd.members[3], ARTICLE % 1)
    crowd.run(heard(crowd, 1), 10)

    assert [member.latest for member in crowd.members] == [1] * 20
    assert (crowd.delivered, crowd.frames) == (20, 20)


@pytest.mark.parametrize("wrong", [1, 3], ids=["twice", "gap"])
def test_what_comes_twice_or_not_at_all_is_an_error(crowd, wrong):
    crowd.send(crowd.members[0], ARTICLE % 1)
    crowd.run(heard(crowd, 1), 10)
    crowd.send(crowd.members[0], ARTICLE % wrong)

    with pytest.raises(AssertionError):
        crowd.run(heard(crowd, 1), 10)


def test_a_message_that_reaches_nobody_is_late(crowd):
    with pytest.raises(TimeoutError):
        crowd.run(heard(crowd, 1), 0.05)


def test_a_fan_out_counts_every_delivery(crowd, loop):
    talk = Talk(crowd, ARTICLE)
    talk.join(crowd.members)

    found = fan_out("loop", loop.pid, talk)

    # One warms up, and is not counted.
    assert talk.sequence - 10 == 1 + len(found.latencies) + found.stream
    assert crowd.delivered == 20 * (talk.sequence - 10)
    assert found.rate > 0
    assert found.stream_frames == 20 * found.stream


def test_a_voice_says_in_another_process_what_it_is_asked_to(loop):
    voice = Voice("loop", loop.port, loop.pid, frame=ARTICLE).start()
    try:
        assert voice.open(5).sockets == 5
        voice.join()
        assert voice.tell().sockets == 5
    finally:
        voice.end()


def test_many_messages_at_once_arrive_in_order_on_all(crowd):
    for number in range(300):
        crowd.send(crowd.members[0], ARTICLE % number)
    crowd.run(heard(crowd, 300), 20)

    assert {member.latest for member in crowd.members} == {299}
