"""The load reads what servers answer, and keeps to its visits."""

import os

import pytest

from bench import servers
from bench.browsers import browse, parse, request

ANSWERS = {
    "sized": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def responder():
    with servers.bare_pages() as process:
        yield process.start()


@pytest.mark.parametrize("sent", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_whole_or_not_there(sent):
    for cut in range(len(sent)):
        assert parse(sent[:cut]) == (None, sent[:cut])

    answer, rest = parse(sent + b"HTTP")

    assert (answer.status, answer.body, rest) == (200, b"hello", b"HTTP")


def test_not_modified_has_no_body():
    answer, rest = parse(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n')

    assert (answer.status, answer.headers["etag"], answer.body, rest) == (304, '"a"', b"", b"")


def test_a_form_has_its_length():
    assert request("/", 80, "a=b", form="text=ä").endswith(b"Content-Length: 7\r\n\r\ntext=\xc3\xa4")


def test_every_visit_checks_each_of_its_answers(responder):
    checked = []

    def visit():
        while True:
            answer = yield request("/", responder.port, "")
            checked.append(answer.status)

    figures = browse(responder.port, os.getpid(), [visit(), visit()], 0.05)

    assert len(figures.latencies) == len(checked) > 2
    assert set(checked) == {200}
    assert figures.rate > 0


def test_a_wrong_answer_ends_the_measurement(responder):
    def visit():
        answer = yield request("/", responder.port, "")
        assert answer.status == 418

    with pytest.raises(AssertionError):
        browse(responder.port, os.getpid(), [visit()], 0.05)


def test_who_asks_beside_is_not_counted(responder):
    asked = []

    def visit(log):
        while True:
            yield request("/", responder.port, "")
            log.append(1)

    figures = browse(responder.port, os.getpid(), [visit([])], 0.25, [(visit(asked), 0.1)])

    # At 0, 0.1 and 0.2 seconds, or less often on a busy machine.
    assert 1 <= len(asked) <= 3
    assert len(figures.latencies) > len(asked)
