"""The compose file: what `prepare` makes fits it, and nobody reaches more than they need."""

import json
import os
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import yaml

from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT

FOLDER = ROOT / "deploy/compose"
OURS = ("app", "migrate", "backup")


@pytest.fixture
def folder(tmp_path):
    """A copy where somebody has run `./prepare chat.example.org`."""
    folder = tmp_path / "deploy/compose"
    folder.mkdir(parents=True)
    for name in ("compose.yaml", "Caddyfile", "example.env", "prepare"):
        shutil.copy(FOLDER / name, folder / name)
    prepare(folder, "chat.example.org")
    return folder


def prepare(folder, *words, check=True):
    return subprocess.run([folder / "prepare", *words], check=check, capture_output=True, text=True)


def services():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]


def test_every_secret_is_made_once(folder):
    named = yaml.safe_load((folder / "compose.yaml").read_text())["secrets"]
    files = {name: (folder / secret["file"]).read_text() for name, secret in named.items()}
    assert all(files.values())
    assert urlsplit(files["database_url"]).password == files["database_password"]
    assert urlsplit(files["redis_url"]).password == files["redis_password"]
    assert f"requirepass {files['redis_password']}\n" in files["redis_conf"]
    assert len(files["secret_key"]) >= 64
    assert len(set(files.values())) == len(files)
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "DOMAIN=chat.example.org\n" in (folder / ".env").read_text()

    prepare(folder)
    assert {name: (folder / secret["file"]).read_text() for name, secret in named.items()} == files


@pytest.mark.parametrize("name", [(), ("",), ("https://chat.example.org",), ("chat example",)])
def test_prepare_wants_the_name_people_use(folder, name):
    (folder / ".env").unlink()
    done = prepare(folder, *name, check=False)
    assert done.returncode == 2
    assert "chat.example.org" in done.stderr
    assert not (folder / ".env").exists()


def test_settings_understand_what_is_made(folder):
    """The app starts with these very files; only what is behind their names is not there."""
    app, named = services()["app"], yaml.safe_load((FOLDER / "compose.yaml").read_text())["secrets"]
    env = {**clean(os.environ), "CHATSCAPE_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "chatscape.settings"}
    for name, value in app["environment"].items():
        value = value.replace("${DOMAIN:?run ./prepare first}", "chat.example.org").replace(
            "${WEB_CONCURRENCY:-2}", "2"
        )
        secret = value.removeprefix("/run/secrets/")
        env[name] = str(folder / named[secret]["file"]) if secret != value else value
    code = (
        "import json; from django.conf import settings as s;"
        " print(json.dumps([s.ALLOWED_HOSTS, s.WEB_CONCURRENCY,"
        " s.DATABASES['default']['HOST'], s.REDIS_URL.rpartition('@')[2], s.ALLAUTH_TRUSTED_PROXY_COUNT]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [["chat.example.org"], 2, "database", "redis:6379/0", 1]


@pytest.mark.parametrize("name", services())
def test_a_service_can_do_no_more_than_it_must(name):
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert "privileged" not in service
    if name in ("app", "database", "redis", "caddy"):
        assert service["restart"] == "unless-stopped"
        # The image has one of its own.
        assert name == "app" or service["healthcheck"]["test"]
    else:
        assert service["restart"] == "no"


def test_only_caddy_can_be_reached():
    found = services()
    assert [name for name, service in found.items() if "ports" in service] == ["caddy"]
    assert [name for name, service in found.items() if "front" in service["networks"]] == ["caddy", "app"]
    assert yaml.safe_load((FOLDER / "compose.yaml").read_text())["networks"]["back"] == {"internal": True}


def test_passwords_are_in_files_only():
    for service in services().values():
        for name, value in (service.get("environment") or {}).items():
            assert not name.endswith(("PASSWORD", "KEY", "_URL")) or name == "PUBLIC_URL", name
            assert name.endswith("_FILE") == str(value).startswith("/run/secrets/")


@pytest.mark.parametrize("name", OURS)
def test_commands_are_there(name):
    from django.core.management import get_commands

    command = services()[name].get("command", ["serve"])
    assert command[0] in get_commands()


def test_compose_understands_it(folder):
    found = next((words for words in (["docker", "compose"], ["docker-compose"]) if understands(words)), None)
    if not found:
        pytest.skip("needs docker compose 2.20 or newer")
    done = subprocess.run(
        [*found, "--profile", "backup", "config", "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def understands(words):
    try:
        done = subprocess.run([*words, "version", "--short"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    numbers = done.stdout.strip().lstrip("v").split(".")
    return done.returncode == 0 and numbers[0].isdecimal() and int(numbers[0]) >= 2
