"""A backup is whole, consistent, readable by its owner alone, or not there at all."""

import errno
import random
import resource
import stat
import threading
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection

from chatscape.backup import BackupError, places
from chatscape.backup.contents import Reader
from chatscape.backup.manifest import About
from chatscape.backup.sealing import Key, opened
from chatscape.backup.tests.world import call, digests, empty, hashes_in

pytestmark = pytest.mark.django_db(transaction=True)


def only(folder: Path) -> Path:
    [file] = folder.iterdir()
    return file


def about_of(file: Path) -> About:
    from chatscape.backup.writing import read

    with file.open("rb") as source:
        return read(source, Key()).about


def test_a_backup_holds_every_table_with_every_column(world, var):
    """Of the database as it is, not of what models say."""
    call("backup")
    file = only(var / "backups")
    with connection.cursor() as cursor:
        there = {
            name: sorted(
                column.name for column in connection.introspection.get_table_description(cursor, name)
            )
            for name in connection.introspection.table_names(cursor)
        }

    assert set(there) - set(about_of(file).columns) == {"django_migrations"}
    assert about_of(file).columns == {name: there[name] for name in about_of(file).columns}
    assert {name for name, (count, _hash) in hashes_in(file).items() if not count} == set()


def test_what_is_saved_is_what_the_tables_are(world, var):
    said = call("backup")

    assert hashes_in(only(var / "backups")) == digests()
    assert "Saved and checked" in said
    assert "2 files" in said
    assert "not encrypted" in said


def test_nobody_else_may_read_it(world, var):
    call("backup")

    assert stat.S_IMODE(only(var / "backups").stat().st_mode) == 0o600
    assert stat.S_IMODE((var / "backups").stat().st_mode) == 0o700


def test_it_is_consistent_while_people_write(world, var, tmp_path):
    """Rooms are where their messages are, and writers do not wait for the end of it."""
    from accounts.models import User
    from chat.models import Message, Room
    from chat.tests.situations import at_once, say

    alice = User.objects.get(name="Alice")
    room = Room.objects.get(kind="direct", memberships__user__name="Bob", memberships__peer__name="Alice")
    ended, posted = threading.Event(), []

    def write() -> None:
        while not ended.is_set():
            posted.append(say(alice, room, f"among others {uuid.uuid4()}").sequence)

    def save() -> None:
        try:
            for number in range(3):
                before = len(posted)
                while len(posted) < before + 3:
                    ended.wait(0.01)
                call("backup", output=str(tmp_path / f"{number}.tar.gz"))
        finally:
            ended.set()

    at_once([write, write, save])

    kept = []
    for number in range(3):
        messages, rooms = _rows(tmp_path / f"{number}.tar.gz", "chat_message", "chat_room")
        by_room: dict[str, list[dict]] = {str(found["id"]): [] for found in rooms}
        for message in messages:
            by_room[str(message["room_id"])].append(message)
        for found in rooms:
            stamps = [message["revision"] for message in by_room[str(found["id"])]]
            assert found["revision"] == max(stamps, default=0)
            assert sorted(stamps) == sorted(set(stamps))
        sequences = sorted(message["sequence"] for message in by_room[str(room.id)])
        assert sequences == [*range(1, 8), *range(10, len(sequences) + 3)]
        kept.append(len(sequences))
    assert kept == sorted(kept)
    assert kept[0] < kept[-1]
    assert Message.objects.filter(room=room).count() >= kept[-1]


def _rows(file: Path, *wanted: str) -> list[list[dict]]:
    import json

    found: dict[str, list[dict]] = {name: [] for name in wanted}

    class Rows(Reader):
        def about(self, about):
            self.columns = about.columns

        def rows(self, table, lines):
            if table in found:
                found[table] += [
                    dict(zip(self.columns[table], json.loads(line), strict=True)) for line in lines
                ]

    with file.open("rb") as source, opened(source, Key()) as plain:
        Rows().read(plain)
    return list(found.values())


def test_writers_are_not_held_up_by_the_snapshot(world):
    from accounts.models import User
    from chat.models import Message, Room
    from chat.tests.situations import at_once, say
    from chatscape.backup.snapshot import snapshot

    alice, room = User.objects.get(name="Alice"), Room.objects.filter(kind="direct").first()
    with snapshot() as using:
        before = Message.objects.using(using).count()
        # In another thread, as in the server: with another connection.
        at_once([lambda: say(alice, room, "meanwhile")])
        assert Message.objects.using(using).count() == before
        assert Message.objects.count() == before + 1


def test_the_snapshot_cannot_write(world):
    from django.db import DatabaseError

    from chat.models import Filter
    from chatscape.backup.snapshot import snapshot

    with pytest.raises(DatabaseError), snapshot() as using:
        Filter.objects.using(using).create(pattern="written")
    assert not Filter.objects.filter(pattern="written").exists()


def test_a_full_disk_leaves_nothing_that_looks_like_a_backup(world, var):
    (var / "media" / "large").write_bytes(random.randbytes(500_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(CommandError, match="cannot be written: File too large"):
            call("backup")
        with pytest.raises(CommandError, match="cannot be written: File too large"):
            call("backup", passphrase_file=_passphrase(var))
        with pytest.raises(CommandError, match="cannot be written: File too large"):
            call("backup", recipient=[RECIPIENT])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((var / "backups").iterdir()) == []


def _passphrase(var: Path) -> str:
    file = var / "passphrase"
    file.write_text("correct horse battery\n")
    return str(file)


RECIPIENT = "age1hh8mhvurpwqczue7upta6yzv6yf0hjnvk7604gcrtd9gjmpxkq9sw6t8cz"


def test_what_was_written_is_read_again_before_it_has_its_name(world, var, monkeypatch):
    """A disk that keeps something else is noticed."""
    from chatscape.backup import archive

    plain = archive.Writer.add

    def broken(self, name, data):
        plain(self, name, data.replace(b"meanwhile", b"elsewhere").replace(b"other words", b"other w0rds"))

    monkeypatch.setattr(archive.Writer, "add", broken)

    with pytest.raises(CommandError, match=r"chat_message\w* is not what was saved"):
        call("backup")
    assert list((var / "backups").iterdir()) == []


def test_an_existing_file_is_not_replaced(world, tmp_path):
    file = tmp_path / "kept.tar.gz"
    file.write_text("something else")

    with pytest.raises(CommandError, match="is there already"):
        call("backup", output=str(file))
    assert file.read_text() == "something else"


def test_a_disk_that_knows_no_second_names_will_do(world, tmp_path, monkeypatch):
    """As FAT and some shares."""

    def link(*_names):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    call("backup", output=str(tmp_path / "new.tar.gz"))
    assert [file.name for file in tmp_path.glob("*") if file.is_file()] == ["new.tar.gz"]
    assert hashes_in(tmp_path / "new.tar.gz") == digests()
    other = tmp_path / "other.tar.gz"
    with pytest.raises(BackupError, match="is there already"), places.becoming(other):
        other.write_text("theirs")
    assert other.read_text() == "theirs"


def test_a_database_that_does_not_answer_is_one_line(var, monkeypatch):
    def refuse(*_what):
        raise OperationalError("connection refused\n\tIs the server running?")

    monkeypatch.setattr("chatscape.management.commands.backup.write", refuse)
    with pytest.raises(CommandError, match=r"^The database refuses: connection refused$"):
        call("backup")
    monkeypatch.setattr("chatscape.backup.loading.is_empty", refuse)
    (var / "any.tar.gz").write_text("")
    with pytest.raises(CommandError, match=r"^The database refuses: connection refused$"):
        call("restore", str(var / "any.tar.gz"))


def test_only_the_newest_are_kept_and_nothing_else_is_touched(world, var):
    folder = var / "backups"
    folder.mkdir()
    names = [f"chatscape-2026010{day}T000000Z.tar.gz{end}" for day in range(1, 6) for end in ("", ".age")]
    for name in [*names, "notes.txt", "chatscape-old.tar.gz", "mychatscape-20260101T000000Z.tar.gz"]:
        (folder / name).write_text("")

    said = call("backup", keep=3)

    left = sorted(file.name for file in folder.iterdir() if places.NAME.fullmatch(file.name))
    assert left[:2] == names[-2:]
    assert len(left) == 3
    assert said.count("Deleted") == 8
    assert {"notes.txt", "chatscape-old.tar.gz", "mychatscape-20260101T000000Z.tar.gz"} <= {
        file.name for file in folder.iterdir()
    }


def test_sessions_are_left_out_with_all_that_needs_them(world, var):
    call("backup", without_sessions=True)

    file = only(var / "backups")
    without = {"django_session", "accounts_device", "accounts_devicelink"}
    assert set(about_of(file).left_out) == without
    assert {name for name, (count, _) in hashes_in(file).items() if not count} == without


def test_the_key_is_left_out_when_asked_and_when_it_is_not_here(world, var, settings):
    call("backup", without_key=True, output=str(var / "1.tar.gz"))
    (var / "secret_key").unlink()
    said = call("backup", output=str(var / "2.tar.gz"))

    assert about_of(var / "1.tar.gz").key == "left out"
    assert about_of(var / "2.tar.gz").key == "environment"
    assert "comes from SECRET_KEY" in said
    for name in ("1", "2"):
        with (var / f"{name}.tar.gz").open("rb") as file, opened(file, Key()) as plain:
            assert settings.SECRET_KEY.encode() not in b"".join(
                iter(lambda read=plain.read: read(100_000), b"")
            )


def test_an_empty_server_can_be_saved(var):
    empty()

    call("backup")

    assert hashes_in(only(var / "backups"))["chat_message"][0] == 0
