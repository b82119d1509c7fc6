"""Doctor beside databases that are frozen, damaged, or of another version."""

import sqlite3

import pytest

from chatscape.doctor import integrity
from chatscape.tests.doctor.conftest import errors


def test_a_database_that_is_frozen_or_gone(postgres_server, doctor):
    env = {"DATABASE_URL": postgres_server.url}
    fresh = doctor("--only", "database", **env)
    assert "migrations wait" in fresh.one("error", "migrations wait")["text"]
    assert any(
        "max_connections" in each["text"] or "are to be had" in each["text"] for each in fresh.findings
    )

    postgres_server.pause()
    try:
        frozen = doctor("--only", "database", **env)
    finally:
        postgres_server.resume()
    assert "cannot be used" in frozen.of("database", "error")[0]["text"]

    few = doctor("--only", "database", **env, DATABASE_CONNECTIONS="100", WEB_CONCURRENCY="4")
    assert "DATABASE_CONNECTIONS=" in few.one("error", "500 connections from here")["mend"]

    postgres_server.stop()
    gone = doctor("--only", "database", **env)
    assert "127.0.0.1" in gone.one("error", "cannot be used")["mend"]
    assert postgres_server.password not in fresh.printed + frozen.printed + gone.printed


def test_a_file_that_is_no_database(doctor, var):
    (var / "chatscape.sqlite3").write_bytes(b"no database" * 1000)

    assert "cannot be used" in doctor("--only", "database").of("database", "error")[0]["text"]


def test_rows_that_do_not_fit_are_found(doctor, var):
    with sqlite3.connect(var / "chatscape.sqlite3") as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            "INSERT INTO chat_membership (room_id, user_id, role, involvement, read_sequence, created_at)"
            " VALUES ('a', 'b', 'member', 'all', 0, '2026-01-01')"
        )
    connection.close()

    assert doctor("--only", "database").status == 0
    said = doctor("--only", "database", "--deep")

    told = said.one("error", "that is gone")["text"]
    assert "1 rows of chat.Membership have a room that is gone" in told
    assert "1 rows of chat.Membership have a user that is gone" in told


@pytest.mark.django_db
def test_rooms_out_of_order_are_found(room, alice):
    from chat.models import Membership, Message, Room

    assert errors(integrity.look(deep=True)) == []
    Message.objects.create(room=room, author=alice, sequence=900, revision=900, body="a", body_html="a")
    Membership.objects.filter(room=room, user=alice).update(read_sequence=900)

    told = errors(integrity.look(deep=True))

    assert Room.objects.get(pk=room.pk).revision < 900
    assert "1 rooms have somebody who read more than there is." in told
    assert "1 rooms have messages beyond their revision." in told


def test_a_database_of_a_newer_version_is_told(doctor, var):
    with sqlite3.connect(var / "chatscape.sqlite3") as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('chat', '9999_later', '2030-01-01')"
        )
    connection.close()

    assert (
        "1 migrations are not known" in doctor("--only", "database").one("warning", "newer version")["text"]
    )
