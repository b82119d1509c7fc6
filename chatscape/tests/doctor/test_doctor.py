"""Doctor says what is wrong with a configuration, in words, and never what is secret."""

import io
import os
import pty
import subprocess
import sys
import time

import pytest

from chatscape.doctor import configuration
from chatscape.doctor.examination import Check, Options, examine
from chatscape.doctor.findings import Finding, Veil, error, ok
from chatscape.doctor.main import TITLES
from chatscape.doctor.report import Paper
from chatscape.testing.environment import clean
from chatscape.testing.server import ROOT


def test_on_a_laptop_nothing_is_broken(doctor):
    said = doctor("--deep")

    assert said.status == 0
    assert {each["check"] for each in said.findings} == set(TITLES)
    assert said.of("database", "ok")
    assert all(each["mend"] for each in said.findings if each["level"] != "ok")


def test_every_bad_variable_is_told_and_the_rest_is_looked_at(doctor):
    said = doctor(
        PORT="hunter2",
        DEBUG="hunter2",
        SECRET_KEY="hunter2",
        REDIS_URL="http://:hunter2@h",
        OIDC_ISSUER="https://id.example.org",
        DATABSE_URL="postgres://u:hunter2@h/d",
    )

    assert said.status == 1
    told = " ".join(each["text"] for each in said.of("configuration", "error"))
    assert all(f"{name}: " in told for name in ("PORT", "DEBUG", "SECRET_KEY", "REDIS_URL", "OIDC_CLIENT_ID"))
    assert "DATABASE_URL" in said.one("warning", "DATABSE_URL is set")["mend"]
    assert said.of("database", "error") == []
    assert said.of("redis") == [
        {
            "check": "redis",
            "level": "error",
            "text": "Not looked at.",
            "mend": "Mend REDIS_URL first, then ask again.",
        }
    ]
    assert "hunter2" not in said.printed


def test_with_a_bad_folder_nothing_is_made_elsewhere(doctor, var):
    said = doctor(CHATSCAPE_VAR="/dev/null/var")

    assert "Not a directory" in said.one("error", "CHATSCAPE_VAR: ")["text"]
    assert said.of("storage")[0]["text"] == "Not looked at."
    assert said.of("machine", "ok")


def test_code_that_does_not_load_is_a_finding(doctor):
    said = doctor(DJANGO_SETTINGS_MODULE="nowhere.settings")

    assert said.status == 1
    assert "ModuleNotFoundError" in said.one("error", "cannot start")["text"]
    assert said.of("machine", "ok")


def test_a_kept_key_that_is_none_is_told(doctor, var):
    (var / "secret_key").write_text("")

    said = doctor("--only", "configuration")

    assert "delete that file" in said.one("error", "SECRET_KEY: ")["text"]


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        ({"DEBUG": True}, "warning", "DEBUG is on"),
        ({"DEBUG": True, "PUBLIC_URL": "https://chat.example.org"}, "error", "DEBUG is on"),
        ({"PUBLIC_URL": "http://chat.example.org"}, "error", "plain http"),
        ({"HOST": "0.0.0.0"}, "warning", "PUBLIC_URL is not set"),  # noqa: S104
        ({"ALLOWED_HOSTS": ["*"]}, "warning", "ALLOWED_HOSTS has a *"),
        ({"PUBLIC_URL": "https://chat.example.org"}, "error", "TRUSTED_PROXIES is 0"),
        ({"PUBLIC_URL": "https://chat.example.org", "LIMITS": {}}, "warning", "LIMITS is off"),
        ({"PUBLIC_URL": "https://chat.example.org"}, "warning", "accounts.W001"),
        ({"SECRET_KEY": "ab" * 30}, "error", "SECRET_KEY can be guessed"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_settings_that_make_no_sense_together(given, level, words, settings):
    for name, value in given.items():
        setattr(settings, name, value)

    [found] = [each for each in configuration.look(Options()) if words in each.text]

    assert found.level == level
    assert found.mend


def test_no_secret_is_ever_printed(doctor, tmp_path, var):
    secret = "Hunter2+Hunter2+Hunter2+Hunter2+abc"
    (tmp_path / "key").write_text(secret)

    said = doctor(
        SECRET_KEY_FILE=str(tmp_path / "key"),
        DATABASE_URL="postgres://someone:Hunter2%2Bdb@127.0.0.1:1/x",
        REDIS_URL="redis://:Hunter2+redis@127.0.0.1:1/0",
        EMAIL_URL="smtp://user:Hunter2+mail@127.0.0.1:1",
        OIDC_ISSUER="http://127.0.0.1:1",
        OIDC_CLIENT_ID="chat",
        OIDC_CLIENT_SECRET="Hunter2+client",
    )

    assert said.status == 1
    for each in ("database", "redis", "mail", "providers"):
        assert said.of(each, "error")
    assert "Hunter2" not in said.printed
    assert (var / "secret_key").read_text().strip() not in said.printed


def test_a_secret_in_somebodys_words_is_covered():
    veil = Veil(["pa$$word", "no"])

    assert veil.over(error("it said: pa$$word, no", "use pa$$word")) == error("it said: ***, no", "use ***")


def test_a_check_that_fails_or_hangs_hides_no_other():
    def fails(options):
        yield ok("before")
        raise KeyError("lost")

    def hangs(options):
        yield ok("so far")
        time.sleep(60)

    checks = [
        Check("fails", fails),
        Check("hangs", hangs, seconds=0.2),
        Check("fine", lambda options: iter([ok("fine")])),
    ]

    began = time.monotonic()
    found = list(examine(checks, Options()))

    assert time.monotonic() - began < 10
    assert [(each.check, each.level) for each in found] == [
        ("fails", "ok"),
        ("fails", "error"),
        ("hangs", "ok"),
        ("hangs", "error"),
        ("fine", "ok"),
    ]
    assert "KeyError" in found[1].text
    assert "No answer" in found[3].text


def test_what_is_printed_fits_a_terminal_and_can_be_copied():
    out = io.StringIO()
    paper = Paper(out, {"a": "Part"}, colour=False)
    command = "python manage.py do --something-long-and-hyphened --and-more"

    paper.write(Finding("error", "words " * 40, f"Run this, please: {command}", "a"))
    paper.write(Finding("ok", "fine", "", "a"))
    paper.end()

    lines = out.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines.count("Part") == 1
    assert "--something-long-and-hyphened" in out.getvalue()
    assert lines[-1] == "1 error, 0 warnings, 1 fine."


def test_colours_are_for_terminals(var):
    command = [sys.executable, "manage.py", "doctor", "--only", "clock"]
    env = {**clean(os.environ), "CHATSCAPE_VAR": str(var), "TERM": "xterm"}
    env.pop("NO_COLOR", None)

    def on_a_terminal(**more: str) -> bytes:
        ours, theirs = pty.openpty()
        done = subprocess.run(command, cwd=ROOT, env={**env, **more}, stdout=theirs, timeout=300, check=False)
        os.close(theirs)
        told = os.read(ours, 10_000)
        os.close(ours)
        assert done.returncode == 0
        return told

    assert b"\x1b[32mok\x1b[0m" in on_a_terminal()
    assert b"\x1b" not in on_a_terminal(NO_COLOR="1")
    assert (
        b"\x1b" not in subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True).stdout
    )


def test_what_somebody_answers_does_not_reach_the_terminal_as_it_is():
    out = io.StringIO()
    paper = Paper(out, {}, colour=False)
    paper.write(
        Finding("error", "It said:\x1b[2J\x1b]0;all is well\x07 \x00\x9b2J\n  done", "See.", "public")
    )

    assert out.getvalue().replace("\n", "").isprintable()
    assert "It said:?[2J?]0;all is well? ??2J done" in " ".join(out.getvalue().split())


def test_some_parts_alone(doctor):
    assert {each["check"] for each in doctor("--only", "clock", "aws").findings} == {"clock", "aws"}


def test_it_is_among_the_commands():
    from django.core.management import get_commands

    assert get_commands()["doctor"] == "chatscape"
