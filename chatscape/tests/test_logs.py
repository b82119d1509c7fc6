"""Logs hold no words, tokens or addresses. Every test looks, see `chatscape.testing.discretion`."""

import logging
import logging.config
import sys

import pytest
from django.conf import settings

from chatscape.logs import Formatter, redacted
from chatscape.testing.discretion import Listener, indiscreet, told_by_server


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Not Found: /join/uFakeCode-123456789xyz/", "uFakeCode"),
        ("Internal Server Error: /accounts/password/reset/key/1a-c7xyz-abcdef/", "c7xyz"),
        ("Internal Server Error: /accounts/confirm-email/MQ:1abc:xyz/", "1abc"),
        ("Not Found: /accounts/oidc/x/login/callback/?code=abc&state=def", "abc&state"),
        ("mail to xan.thippe+chat@mail.example.org failed", "xan.thippe"),
        ("duplicate key\nDETAIL:  Key (email)=(x@example.com) already exists.", "Key (email)"),
        ("null value\nDETAIL:  Failing row contains (1, my secret words, null).", "my secret words"),
    ],
)
def test_what_is_left_out_of_a_line(line, secret):
    assert secret in line
    assert secret not in redacted(line)


@pytest.mark.parametrize(
    "line",
    ["Not Found: /rooms/5/", "Worker 12 ended by SIGKILL; another takes its place", "12 @ 3", "Is it gone?"],
)
def test_the_rest_stays(line):
    assert redacted(line) == line


def test_a_traceback_says_where_but_repeats_no_message():
    words = "these are the words of a message, and they are rather long"
    try:
        raise ValueError(f"cannot use {words!r} of x@example.com")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "Failed", (), sys.exc_info())

    text = Formatter("%(message)s").format(record)

    assert "test_logs.py" in text
    assert "ValueError: cannot use (quotation) of (address)" in text


def test_the_server_writes_its_lines_with_it():
    record = logging.LogRecord("chat", logging.WARNING, "", 1, "mail to %s", ("x@example.com",), None)
    configured = logging.config.DictConfigurator(settings.LOGGING)

    formatter = configured.configure_formatter(settings.LOGGING["formatters"]["line"])

    assert formatter.format(record).endswith("WARNING chat mail to (address)")
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}


def test_the_watch_would_notice():
    listener = Listener()
    listener.note("a word of mine")
    listener.setFormatter(logging.Formatter("%(message)s"))
    for line in ("all well", "she said a word of mine", "x@example.com came"):
        listener.emit(logging.LogRecord("x", logging.INFO, "", 1, line, (), None))

    assert listener.told() == ["she said a word of mine", "x@example.com came"]
    assert listener.told() == []


def test_the_watch_listens_here(_discreet_logs):  # noqa: PT019 - it is looked into
    logging.getLogger("chat").warning("a line that nobody minds")

    assert any("nobody minds" in line for line in _discreet_logs.lines)


def test_a_servers_log_is_searched_for_what_its_database_keeps(tmp_path):
    import sqlite3

    database, log = tmp_path / "db", tmp_path / "log"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE chat_message (body TEXT)")
        connection.execute("INSERT INTO chat_message VALUES ('very private')")
    connection.close()
    mail = "Content-Type: text/plain\nTo: x@example.com\n\nvery private\n" + "-" * 79
    log.write_text(f"all well\n{mail}\nERROR very private\nfrom y@example.com\n")

    assert told_by_server(log, database) == ["ERROR very private", "from y@example.com"]
    assert indiscreet(["all well"], {"very private"}) == []
