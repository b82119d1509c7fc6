"""What the settings make of the environment."""

import json
import os
import subprocess
import sys

import pytest

from chatscape.testing.environment import clean
from chatscape.tests.test_env import ROOT

PRODUCTION = {
    "PUBLIC_URL": "https://chat.example.org",
    "SECRET_KEY": "a-key-that-is-long-enough-and-has-many-different-letters-0123456789",
    "EMAIL_URL": "smtp+tls://chat:hunter2@mail.example.org",
    "EMAIL_FROM": "ChatScape <chat@example.org>",
}


def run(folder, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    given = {"CHATSCAPE_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "chatscape.settings", **env}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean(os.environ), **given},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def settings_of(folder, *names: str, **env: str) -> dict[str, object]:
    code = (
        "import json, sys; from django.conf import settings;"
        "print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}, default=str))"
    )
    done = run(folder, "-c", code, *names, **env)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_production_server_passes_djangos_checks(tmp_path):
    done = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_migrations_are_complete(tmp_path):
    done = run(tmp_path, "manage.py", "makemigrations", "--check", "--dry-run")

    assert done.returncode == 0, done.stdout


def test_https_makes_cookies_secure_and_stays_https(tmp_path):
    found = settings_of(
        tmp_path,
        *("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"),
        *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SECURE_PROXY_SSL_HEADER", "DEBUG"),
        **PRODUCTION,
    )

    assert found == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "ALLOWED_HOSTS": ["chat.example.org"],
        "CSRF_TRUSTED_ORIGINS": ["https://chat.example.org"],
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "DEBUG": False,
    }


def test_cookies_are_this_hosts_alone_and_no_scripts(tmp_path):
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY")
    plain, https = settings_of(tmp_path, *names), settings_of(tmp_path, *names, **PRODUCTION)

    assert plain == dict(zip(names, ("chatscape_session", "csrftoken", True, True), strict=True))
    assert https == dict(
        zip(names, ("__Host-chatscape_session", "__Host-csrftoken", True, True), strict=True)
    )
    # What the prefix demands.
    paths = ("SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN")
    assert list(settings_of(tmp_path, *paths, **PRODUCTION).values()) == ["/", "/", None, None]


def test_without_https_a_laptop_works(tmp_path):
    found = settings_of(tmp_path, "SESSION_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "ALLOWED_HOSTS", "DEBUG")

    assert found == {
        "SESSION_COOKIE_SECURE": False,
        "SECURE_SSL_REDIRECT": False,
        "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "[::1]"],
        "DEBUG": False,
    }


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtps://mail.example.org", 465, True, False),
        ("smtp+tls://mail.example.org", 587, False, True),
        ("smtp+tls://mail.example.org:2525", 2525, False, True),
    ],
)
def test_mail_servers_are_named_by_one_address(tmp_path, url, port, ssl, tls):
    found = settings_of(
        tmp_path, "EMAIL_PORT", "EMAIL_USE_SSL", "EMAIL_USE_TLS", "CONFIRM_EMAIL", EMAIL_URL=url
    )

    assert found == {"EMAIL_PORT": port, "EMAIL_USE_SSL": ssl, "EMAIL_USE_TLS": tls, "CONFIRM_EMAIL": True}


def test_a_mail_password_may_hold_any_character(tmp_path):
    url = "smtp+tls://chat%40example.org:p%2Fw%3A1@mail.example.org"

    found = settings_of(tmp_path, "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", EMAIL_URL=url)

    assert found == {"EMAIL_HOST_USER": "chat@example.org", "EMAIL_HOST_PASSWORD": "p/w:1"}


def test_the_mail_password_can_stand_alone(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")

    found = settings_of(
        tmp_path,
        "EMAIL_HOST_PASSWORD",
        EMAIL_URL="smtp://u@mail.example.org",
        EMAIL_PASSWORD_FILE=str(secret),
    )

    assert found == {"EMAIL_HOST_PASSWORD": "s3cret"}


def test_postgresql_and_redis_are_two_variables(tmp_path):
    found = settings_of(
        tmp_path,
        *("DATABASES", "CHANNEL_LAYERS", "CACHES"),
        DATABASE_URL="postgres://u:p%2Fw@db.example.org:5433/chat?sslmode=require",
        REDIS_URL="redis://redis.example.org/1",
    )

    database = found["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.org", 5433, "chat")
    assert database["PASSWORD"] == "p/w"
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 12
    # A machine that vanishes says no farewell.
    assert database["OPTIONS"]["tcp_user_timeout"] == 20_000
    assert "RedisPubSub" in found["CHANNEL_LAYERS"]["default"]["BACKEND"]
    assert "TolerantRedisCache" in found["CACHES"]["default"]["BACKEND"]
