"""The environment is read strictly: a bad value names itself, stops the start and is not repeated."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatscape.env import Settings, secret_key
from chatscape.testing.environment import clean

ROOT = Path(__file__).resolve().parents[2]

BAD = [
    ("DEBUG", "maybe"),
    ("DEBUG", "2"),
    ("PORT", "eighty"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "80 80"),
    ("PORT", "٨٠"),
    ("SECRET_KEY", "hunter2"),
    ("PUBLIC_URL", "chat.example.org"),
    ("PUBLIC_URL", "ftp://chat.example.org"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https:chat.example.org"),
    ("PUBLIC_URL", "https:///chat"),
    ("PUBLIC_URL", "https://chat.example.org/path"),
    ("PUBLIC_URL", "https://chat.example.org:port"),
    ("PUBLIC_URL", "https://[::1"),
    ("ALLOWED_HOSTS", "https://chat.example.org"),
    ("ALLOWED_HOSTS", "chat.example.org:8000"),
    ("ALLOWED_HOSTS", "chat.example.org other.example.org"),
    ("DATABASE_URL", "mysql://u:hunter2@localhost/x"),
    ("DATABASE_URL", "postgres://"),
    ("DATABASE_URL", "postgres://u:hunter2/x@localhost/y"),
    ("DATABASE_URL", "sqlite:here.db"),
    ("DATABASE_CONNECTIONS", "1"),
    ("DATABASE_CONNECTIONS", "many"),
    ("REDIS_URL", "http://localhost"),
    ("REDIS_URL", "localhost:6379"),
    ("REDIS_URL", "redis://:hunter2@localhost:port"),
    ("SIGN_UP", "closed"),
    ("EMAIL_URL", "mail.example.org"),
    ("EMAIL_URL", "smtp://u:hunter2@mail:mail"),
    ("EMAIL_FROM", "nobody"),
    ("EMAIL_FROM", "A <a@b.org>\nBcc: c@d.org"),
    ("CONFIRM_EMAIL", "perhaps"),
    ("STATIC_URL", "ftp://cdn.example.org/"),
    ("HEARTBEAT_SECONDS", "0"),
    ("HEARTBEAT_SECONDS", "1.5"),
    ("LIMITS", "few"),
    ("LIMIT_SEND", "30"),
    ("LIMIT_SEND", "30 per second"),
    ("LIMIT_SEARCH_ADDRESS", "0/1m"),
    ("LOG_LEVEL", "LOUD"),
    ("CHATSCAPE_VAR", "/dev/null/var"),
]


def start(folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Read the settings as a server process would, with nothing configured but `env`."""
    given = {"CHATSCAPE_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "chatscape.settings", **env}
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env={**clean(os.environ), **given},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_itself_and_is_not_repeated(name, value, tmp_path, monkeypatch):
    # What the settings module does, without a process for each value.
    for known in [known for known in os.environ if known not in clean(os.environ)]:
        monkeypatch.delenv(known)
    monkeypatch.setenv("CHATSCAPE_VAR", str(tmp_path))
    if name == "DATABASE_CONNECTIONS":
        monkeypatch.setenv("DATABASE_URL", "postgres://u:p@localhost/x")
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        exec(compile((ROOT / "chatscape/settings.py").read_text(), "settings", "exec"), settings_module())  # noqa: S102

    assert str(refusal.value).startswith(f"{name}: ")
    assert "hunter2" not in str(refusal.value)
    if name != "CHATSCAPE_VAR":
        # A cause would be printed with the traceback, and its words often hold the value.
        assert refusal.value.__cause__ is None
        assert refusal.value.__context__ is None or refusal.value.__suppress_context__


def settings_module() -> dict[str, object]:
    return {"__file__": str(ROOT / "chatscape/settings.py"), "__name__": "settings"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://:hunter2@localhost"),
        ("DATABASE_URL", "postgres://u:hunter2@h:x/y"),
        ("PORT", "hunter2"),
    ],
)
def test_the_start_stops_and_says_why_without_the_value(name, value, tmp_path):
    done = start(tmp_path, **{name: value})

    assert done.returncode != 0
    assert f"{name}: " in done.stderr.splitlines()[-1]
    assert "hunter2" not in done.stdout + done.stderr


def test_without_any_variable_it_starts(tmp_path):
    done = start(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_as_good_as_none(value, tmp_path):
    names = {name for name, _value in BAD if name != "CHATSCAPE_VAR"}

    done = start(tmp_path, **dict.fromkeys(names, value))

    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def env(monkeypatch):
    """Set variables and read them."""

    def given(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return given


@pytest.mark.parametrize("value", ["1", "true", "True", "YES", "on", " on "])
def test_ways_to_say_yes(env, value):
    assert env(X_FLAG=value).flag("X_FLAG", default=False) is True


@pytest.mark.parametrize("value", ["0", "false", "No", "OFF"])
def test_ways_to_say_no(env, value):
    assert env(X_FLAG=value).flag("X_FLAG", default=True) is False


def test_a_secret_can_be_in_a_file(env, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from the file\n")

    assert env(X_KEY_FILE=str(file)).text("X_KEY") == "from the file"


def test_every_kind_of_value_can_be_in_a_file(env, tmp_path):
    values = {
        "X_FLAG": "yes\n",
        "X_NUMBER": "7\n",
        "X_URL": "redis://h\n",
        "X_WORDS": "a, b\n",
        "X_CHOICE": "a\n",
    }
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    settings = env(**{f"{name}_FILE": str(tmp_path / name) for name in values})

    assert settings.flag("X_FLAG", default=False) is True
    assert settings.number("X_NUMBER", 1, least=1, most=9) == 7
    assert settings.url("X_URL", ("redis",)) == "redis://h"
    assert settings.words("X_WORDS", []) == ["a", "b"]
    assert settings.choice("X_CHOICE", "b", ("a", "b")) == "a"


@pytest.mark.parametrize("kind", ["missing", "folder", "not text"])
def test_a_file_that_cannot_be_read_stops_the_start(env, tmp_path, kind):
    file = tmp_path / "secret"
    if kind == "folder":
        file.mkdir()
    elif kind == "not text":
        file.write_bytes(b"\xff\xfehunter2")

    with pytest.raises(ImproperlyConfigured, match="X_KEY: cannot be read"):
        env(X_KEY_FILE=str(file)).text("X_KEY")


def test_the_key_from_a_file_is_the_key(tmp_path):
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")

    assert start(tmp_path, SECRET_KEY_FILE=str(file)).returncode == 0
    assert not (tmp_path / "secret_key").exists()


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    file = tmp_path / "secret_key"

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _number: secret_key("", file), range(32)))

    assert len(keys) == 1
    assert len(keys.pop()) >= 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_hosts_may_be_names_addresses_and_everything(env):
    hosts = "chat.example.org, .example.org,127.0.0.1,[::1],*,localhost"

    assert env(X_HOSTS=hosts).hosts("X_HOSTS", []) == [word.strip() for word in hosts.split(",")]
