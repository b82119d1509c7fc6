"""Doctor beside folders that are full, read-only, open to others, or not up to date."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatscape.doctor import statics, storage
from chatscape.doctor.examination import Options

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of its own of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        not AS_ROOT
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder],
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("Only root may mount a file system; the next tests simulate one.")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_or_cannot_be_written(small_disk, doctor):
    (small_disk / "secret_key").write_text("k" * 64)
    (small_disk / "static").mkdir()
    # Unbuffered, so that nothing is left to be written when the file is closed.
    with (small_disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass

    full = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))
    assert full.one("error", "is full.")
    assert full.one("error", "are free")

    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    read_only = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))
    assert "Read-only file system" in read_only.one("error", "Nothing can be written")["text"]


def test_a_folder_that_cannot_be_written_at_the_first_start(small_disk, doctor):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    said = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))

    assert "Read-only file system" in said.one("error", "CHATSCAPE_VAR: ")["text"]


@pytest.mark.parametrize(("free", "level"), [(50, "error"), (500, "warning"), (5000, "ok")])
def test_little_room_is_told(free, level, tmp_path, monkeypatch):
    there = os.statvfs_result((4096, 4096, 10_000_000, free * 256, free * 256, 10**6, 10**6, 10**6, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: there)

    assert [each.level for each in storage._room(tmp_path)] == [level]


def test_what_others_can_read_is_told(doctor, var):
    (var / "secret_key").chmod(0o644)
    var.chmod(0o755)
    (var / "chatscape.sqlite3").chmod(0o644)

    said = doctor("--only", "storage")

    assert "chmod 600" in said.one("error", "secret_key can be read by others")["mend"]
    assert "chmod 600" in said.one("warning", "chatscape.sqlite3 can be read")["mend"]


def test_a_folder_of_the_network_is_known(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda / ext4 rw 0 0\nserver:/x /srv/chat nfs4 rw 0 0\n")

    assert storage.file_system(Path("/srv/chat/var"), mounts) == "nfs4"
    assert storage.file_system(Path("/srv/chatter"), mounts) == "ext4"


def test_static_files_that_are_not_collected_or_old(var, settings):
    settings.STATIC_ROOT = var / "static"

    assert [each.level for each in statics.look(Options())] == ["ok"]

    next((var / "static" / "css").glob("*.css")).write_text("old")
    [old] = statics.look(Options())
    assert "not those of this version, such as css/" in old.text

    shutil.rmtree(var / "static")
    [none] = statics.look(Options())
    assert (none.level, "collectstatic" in none.mend) == ("warning", True)
