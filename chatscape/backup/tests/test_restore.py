"""A restore is all of the backup, or nothing at all."""

import errno
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, OperationalError, ProgrammingError, connection

from chatscape.backup import BackupError, loading
from chatscape.backup.tests.forging import FIRST, rewrite
from chatscape.backup.tests.world import call, digests, empty, hashes_in, manage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def saved(world, var) -> Path:
    """A backup of the world."""
    file = var / "saved.tar.gz"
    call("backup", output=str(file))
    return file


def test_what_comes_back_is_what_was_saved(saved, var):
    before = digests()
    empty()
    (var / "media" / "a" / "photo.jpg").unlink()
    (var / "media" / "new.txt").write_text("not in the backup")

    said = call("restore", str(saved))

    assert digests() == before == hashes_in(saved)
    assert "the hashes of all tables are those of the backup" in said
    assert (var / "media" / "a" / "photo.jpg").read_bytes() == bytes(range(256)) * 5000
    assert (var / "media" / "ünï.txt").read_text() == "words"
    assert sorted(path.name for path in (var / "media").iterdir()) == ["a", "new.txt", "ünï.txt"]
    _everything_works()


def test_what_a_killed_restore_has_left_is_in_no_backup_and_goes_with_the_next(saved, var):
    (var / "media" / ".restoring-killed" / "a").mkdir(parents=True)
    (var / "media" / ".restoring-killed" / "a" / "photo.jpg").write_text("half of it")

    call("backup", output=str(var / "next.tar.gz"))

    assert hashes_in(var / "next.tar.gz") == hashes_in(saved)
    empty()
    call("restore", str(saved))
    assert sorted(path.name for path in (var / "media").iterdir()) == ["a", "ünï.txt"]


def test_files_that_cannot_be_put_into_their_places_change_nothing(saved, var):
    """Rows that name files are never there without them."""
    empty()
    before = digests()
    shutil.rmtree(var / "media" / "a")
    (var / "media" / "a").write_text("a file where a folder should be")

    with pytest.raises(CommandError, match="Nothing was changed"):
        call("restore", str(saved))

    assert digests() == before
    assert not list((var / "media").glob(".restoring-*"))


def test_a_key_that_cannot_be_written_is_told_as_what_it_is(saved, var, monkeypatch, settings):
    def full(_key):
        raise OSError(errno.ENOSPC, "No space left on device")

    empty()
    settings.SECRET_KEY = "another" * 10
    (var / "secret_key").write_text(settings.SECRET_KEY)
    monkeypatch.setattr("chatscape.backup.keys.keep_key", full)

    with pytest.raises(CommandError, match=r"The database and the files are restored, .* No space left"):
        call("restore", str(saved))

    assert digests() == hashes_in(saved)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError("database is locked"), "Somebody uses the database"),
        (OperationalError("canceling statement due to lock timeout"), "Somebody uses the database"),
        (OperationalError("could not write block 7: No space left"), "refuses: could not write block 7"),
        (ProgrammingError("must be owner of table x\nmore"), "refuses: must be owner of table x$"),
    ],
)
def test_what_the_database_says_is_one_line(error, said):
    with pytest.raises(BackupError, match=said), loading.rebuilding():
        raise error


def _everything_works() -> None:
    """New rows get new keys, what only grows only grows, people get in, rows agree."""
    from django.db import transaction

    from accounts.models import User
    from chat.actions.audit import record
    from chat.models import AuditEntry, Room
    from chat.tests.situations import client_of, say
    from chatscape.backup import consistency

    assert consistency.problems() == []
    alice, room = User.objects.get(name="Alice"), Room.objects.filter(kind="direct").order_by("pk").last()
    for model in (User.groups.through, AuditEntry):
        assert model.objects.exists()
    say(alice, room, "after the restore")
    with transaction.atomic():
        record(actor=alice, action="test.after")
    for change in ("UPDATE chat_auditentry SET action = 'x'", "DELETE FROM chat_auditentry"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    client = client_of(alice)
    assert "after the restore" in client.get(f"/rooms/{room.id}/").text
    with pytest.raises(DatabaseError), transaction.atomic():
        Room.objects.create(kind="direct")


def test_a_database_in_use_is_not_touched(saved):
    before = digests()

    with pytest.raises(CommandError, match=r"not empty.*--replace"):
        call("restore", str(saved))
    with pytest.raises(CommandError, match="Nothing was changed"):
        call("restore", str(saved), replace=True, confirm="another")

    assert digests() == before


def test_replacing_saves_what_was_there_and_erases_again(saved, var):
    """Somebody who was erased since does not come back; everything else does."""
    from accounts.erasing import erase_person
    from accounts.models import User
    from chat.models import Filter, Message

    Filter.objects.create(pattern="since then")
    erase_person(actor=None, person=User.objects.get(name="Bob"))
    name = str(connection.settings_dict["NAME"]).rpartition("/")[2]

    said = call("restore", str(saved), replace=True, confirm=name)

    [before] = (var / "backups").iterdir()
    assert str(before) in said
    assert hashes_in(before)["chat_filter"][0] == 2
    assert not Filter.objects.filter(pattern="since then").exists()
    assert "Erased again" in said
    assert not User.objects.filter(name="Bob").exists()
    assert not Message.objects.filter(body__contains="😀").exists()
    assert User.objects.filter(name="Alice").exists()


def test_everybody_can_be_signed_out(saved):
    from django.contrib.sessions.models import Session

    from accounts.models import Device, User

    empty()
    call("restore", str(saved), sign_out=True)

    assert not Session.objects.exists()
    assert not Device.objects.exists()
    assert User.objects.filter(name="Bob").exists()


def test_the_key_comes_back_for_the_next_start(saved, var, settings):
    theirs = settings.SECRET_KEY
    empty()
    settings.SECRET_KEY = "another" * 10
    (var / "secret_key").write_text(settings.SECRET_KEY)

    said = call("restore", str(saved))

    assert (var / "secret_key").read_text() == theirs
    assert (var / "secret_key").stat().st_mode & 0o777 == 0o600
    assert "restart the server" in said


def test_a_server_with_a_key_of_its_own_keeps_it_and_says_what_that_means(saved, var, settings):
    empty()
    settings.SECRET_KEY = "another" * 10
    (var / "secret_key").write_text("something old")

    said = call("restore", str(saved))

    assert (var / "secret_key").read_text() == "something old"
    assert "remove_second_factor" in said


def test_what_another_database_refuses_is_said_and_nothing_is_changed(saved, var, monkeypatch):
    """A row that breaks a constraint, in a backup that is whole: the transaction ends as it began."""
    empty()
    before = digests()

    def twice(members):
        for name, data in members:
            if name.startswith("tables/chat_room/"):
                data += data.splitlines(keepends=True)[0]
            yield name, data

    rewrite(saved, var / "twice.tar.gz", twice)

    with pytest.raises(CommandError, match="cannot keep a row of chat_room"):
        call("restore", str(var / "twice.tar.gz"))
    assert digests() == before


def test_rows_in_another_order_are_found_by_the_database(saved, var):
    """Even when the manifest was made to agree: what is in the database is compared, too."""
    empty()
    before = digests()

    def turned(members):
        for name, data in members:
            if name.startswith("tables/chat_message/"):
                data = b"".join(reversed(data.splitlines(keepends=True)))
            yield name, data

    rewrite(saved, var / "turned.tar.gz", turned)

    with pytest.raises(CommandError, match="chat_message is not in the database what it is in the backup"):
        call("restore", str(var / "turned.tar.gz"))
    assert digests() == before


def test_a_row_that_refers_to_nothing_is_found(saved, var):
    empty()
    before = digests()

    def without(members):
        for name, data in members:
            if name.startswith("tables/accounts_user/"):
                data = b"".join(data.splitlines(keepends=True)[1:])
            yield name, data

    rewrite(saved, var / "without.tar.gz", without)

    with pytest.raises(CommandError, match="The backup is damaged"):
        call("restore", str(var / "without.tar.gz"))
    assert digests() == before


def test_a_backup_of_newer_code_is_refused(saved, var):
    empty()

    def newer(members):
        for name, data in members:
            if name.endswith(".json"):
                data = data.replace(b'"0003_held"', b'"0999_tomorrow"')
            yield name, data

    rewrite(saved, var / "newer.tar.gz", newer)

    with pytest.raises(CommandError, match=r"made by newer code.*chat\.0999_tomorrow"):
        call("restore", str(var / "newer.tar.gz"))


def test_the_first_backup_ever_is_taken_in_by_this_code(var):
    """Whatever has changed since: it is migrated to what is now, and works."""
    from accounts.models import User
    from chat.models import Message

    empty()

    call("restore", str(FIRST))

    assert User.objects.get(name="Alice").email == "alice@example.com"
    assert Message.objects.filter(body="an answer", reply_to__sequence=1).exists()
    assert (var / "media" / "a" / "photo").read_bytes() == b"light"
    _everything_works()


def test_a_backup_of_an_older_state_is_migrated_forward(world, var, tmp_path):
    """One from before moderation: data migrations run on what it holds."""
    from accounts.models import User
    from chat.models import Message, Report

    old = tmp_path / "old"
    manage(old, "migrate", "chat", "0001", "-v0")
    manage(old, "migrate", "accounts", "0001", "-v0")
    manage(old, "shell", "-v0", "--no-imports", "-c", OLD)
    manage(old, "backup", "--output", str(tmp_path / "old.tar.gz"))
    empty()

    call("restore", str(tmp_path / "old.tar.gz"))

    person = User.objects.get()
    assert (person.name, person.has_notice) == ("Old", False)
    assert person.pseudonym
    assert Report.objects.get().outcome == "dismissed"
    assert Message.objects.count() == 0
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("INSERT INTO chat_auditentry (id) VALUES (1)")


OLD = """
from django.db import connection
from chatscape.backup import tables
loader = tables.loader_of("default")
models = tables.models_at(loader, tables.applied(loader))
person = models.get_model("accounts", "User").objects.create(name="Old", email="old@example.com")
report = models.get_model("chat", "Report").objects.create(
    reporter=person, subject=person, context="words", state="closed"
)
"""
