"""Logs hold no words, tokens or addresses. Every test looks, see `chatscape.testing.discretion`."""

import io
import json
import logging
import logging.config
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.mail import send_mail
from django.test import override_settings

from chatscape.logs import FIELDS, Console, Formatter, JsonFormatter, configured, redacted
from chatscape.metrics import catalogue
from chatscape.request_ids import current
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


def line_of(formatter, message="all well", *args, error=None, **extra):
    record = logging.LogRecord("chat", logging.WARNING, "", 1, message, args, error)
    record.__dict__.update(extra)
    return formatter.format(record)


def caught(error):
    try:
        raise error
    except type(error):
        return sys.exc_info()


HOSTILE = [
    'first\n2026-01-01 00:00:00 ERROR chat made up\n{"level": "ERROR"}',
    "carriage\rreturn",
    "line\u2028separators\u2029of unicode\x85",
    'quotes " and \\ and {braces}',
    "a terminal's \x1b[2J escapes \x00",
    "\ud800 half a letter",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_line_of_json_is_one_line_and_one_object(hostile):
    text = line_of(JsonFormatter(), "said %s", hostile, error=caught(ValueError(hostile)))

    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["level"] == "WARNING"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_line_for_people_cannot_be_made_up(hostile):
    formatter = Formatter("%(levelname)s %(message)s")
    text = line_of(formatter, "said %s", hostile, error=caught(ValueError(hostile)))

    assert all(not line or line.startswith(("WARNING said ", "  ")) for line in text.splitlines())
    assert "\x1b" not in text


def test_a_line_of_json_says_when_where_and_for_which_request():
    token = current.set("the-request")
    try:
        told = json.loads(line_of(JsonFormatter(), method="GET", route="room", status=200, duration_ms=1.5))
    finally:
        current.reset(token)

    moment = datetime.fromisoformat(told["time"])
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert told["time"].endswith("+00:00")
    expected = {"level": "WARNING", "logger": "chat", "message": "all well", "request_id": "the-request"}
    assert expected.items() <= told.items()
    assert (told["method"], told["route"], told["status"], told["duration_ms"]) == ("GET", "room", 200, 1.5)
    # Nothing else of a record, whatever a library puts there: `request` of Django's, addresses, objects.
    fields = {"time", "level", "logger", "message", "process", "request_id", "error", *FIELDS}
    assert set(told) <= fields
    assert set(json.loads(line_of(JsonFormatter(), request="x@example.com", path="/join/abc"))) <= fields


def test_a_line_for_people_names_the_request_too():
    assert line_of(Formatter("%(message)s"), request_id="abc") == "all well [abc]"


@pytest.mark.parametrize("formatter", [Formatter("%(message)s"), JsonFormatter()])
def test_an_error_is_told_without_what_is_nobodys_business(formatter):
    words = "these are the words of a message, and they are rather long"
    error = caught(ValueError(f"cannot use {words!r} of x@example.com\nDETAIL: Key (name)=(Alice)"))

    text = line_of(formatter, "Failed for %s", "y@example.com", error=error)

    assert "test_logs.py" in text
    for secret in (words, "@example", "Alice"):
        assert secret not in text


@pytest.mark.parametrize("formatter", [Formatter("%(message)s"), JsonFormatter()])
def test_arguments_that_do_not_fit_are_not_printed(formatter):
    text = line_of(formatter, "one %s two %s", "the words of somebody")

    assert "one %s two %s" in text
    assert "somebody" not in text


def test_a_line_is_cut_before_nobody_takes_it():
    text = line_of(JsonFormatter(), "x" * 1_000_000, error=caught(ValueError("y " * 500_000)))

    assert len(text) < 100_000


def test_what_could_not_be_written_is_not_told_to_anybody(capsys):
    class Broken:
        def write(self, _text):
            raise OSError("gone")

    Console(Broken()).handle(logging.LogRecord("chat", logging.ERROR, "", 1, "x@example.com", (), None))

    assert capsys.readouterr() == ("", "")


def test_lines_that_somebody_should_look_at_are_counted():
    before = catalogue.log_lines.values.get(("ERROR",), 0)
    console = Console(io.StringIO())
    for level in (logging.INFO, logging.ERROR):
        console.handle(logging.LogRecord("chat", level, "", 1, "words", (), None))

    assert catalogue.log_lines.values[("ERROR",)] == before + 1


def test_what_strangers_send_raises_no_alarm(client):
    """Scanners ask for other hosts all day."""
    out = io.StringIO()
    handler = Console(out)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    before = dict(catalogue.log_lines.values)
    try:
        assert client.get("/", HTTP_HOST="evil.example.org").status_code == 400
    finally:
        logging.getLogger().removeHandler(handler)

    [line] = [json.loads(each) for each in out.getvalue().splitlines() if "evil" in each]
    assert (line["level"], line["logger"]) == ("WARNING", "django.security.DisallowedHost")
    assert catalogue.log_lines.values.get(("ERROR",), 0) == before.get(("ERROR",), 0)
    assert catalogue.log_lines.values[("WARNING",)] > before.get(("WARNING",), 0)


def test_debugging_is_for_our_own_lines():
    found = configured("json", "DEBUG")

    assert found["root"]["level"] == "INFO"
    assert {found["loggers"][name]["level"] for name in ("accounts", "chat", "chatscape", "deploy")} == {
        "DEBUG"
    }
    assert configured("line", "ERROR")["root"]["level"] == "ERROR"


def test_a_log_for_programs_has_no_mails_in_it(caplog, capsys):
    with override_settings(EMAIL_BACKEND="chatscape.mail.UnsentBackend"):
        sent = send_mail("Your link", "https://example.org/secret", None, ["alice@example.org"])

    assert sent == 0
    assert [record.getMessage() for record in caplog.records] == [
        "1 mail not sent: EMAIL_URL names no mail server"
    ]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("format", "backend"),
    [("json", "chatscape.mail.UnsentBackend"), ("line", "django.core.mail.backends.console.EmailBackend")],
)
def test_without_a_mail_server_mails_are_for_a_console_that_somebody_reads(format, backend, tmp_path):
    code = "from chatscape import settings; print(settings.EMAIL_BACKEND)"
    environment = {"LOG_FORMAT": format, "CHATSCAPE_VAR": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == backend
