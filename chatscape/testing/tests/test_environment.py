"""Tests of the room tests run in."""

import socket

import pytest
from django.conf import settings
from django.db import connection

from chatscape.testing.environment import NetworkForbidden, clean, is_loopback, prepare
from chatscape.testing.machine import ROOT, bare


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", ""])
def test_this_machine_is_near(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "example.org", "localhost.example.org"]
)
def test_other_machines_are_far(host):
    assert not is_loopback(host)


def test_other_machines_cannot_be_reached():
    with socket.socket() as connection, pytest.raises(NetworkForbidden, match=r"192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 9))


def test_other_names_are_not_looked_up():
    with pytest.raises(NetworkForbidden, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_the_developers_state_is_not_touched():
    assert settings.VAR_DIR != ROOT / "var"
    assert ROOT not in settings.VAR_DIR.parents


@pytest.mark.django_db
def test_the_database_is_a_test_database():
    assert "test" in str(connection.settings_dict["NAME"])


def test_configuration_is_left_behind():
    given = {
        "PATH": "/bin",
        "PUBLIC_URL": "https://a.example",
        "SECRET_KEY_FILE": "/x",
        "CHATSCAPE_PARTS": "/p",
    }
    assert clean(given) == {"PATH": "/bin", "CHATSCAPE_PARTS": "/p"}


def test_servers_elsewhere_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://someone@db.example.org/chat")
    with pytest.raises(RuntimeError, match="DATABASE_URL"):
        prepare(tmp_path)


def test_a_bare_machine_keeps_what_it_cannot_be_without():
    packages = (
        "Package: base\nPriority: required\nDepends: libbase (>= 1), other | another",
        "Package: libbase\nPriority: optional",
        "Package: another\nPriority: optional",
        "Package: chromium\nPriority: optional\nDepends: libbase",
    )
    status = "\n\n".join(packages)
    kept = bare(status)
    assert "Package: libbase" in kept
    assert "Package: another" in kept
    assert "Package: chromium" not in kept
