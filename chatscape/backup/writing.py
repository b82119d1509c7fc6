"""Making a backup: a snapshot of all tables, the uploaded files and the key, written and read again."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connections

from chatscape import __version__
from chatscape.backup import BackupError, keys, tables
from chatscape.backup.archive import CHUNK, Writer
from chatscape.backup.contents import PIECE, STAGING, Reader
from chatscape.backup.manifest import ABOUT, FILES, KEY, MANIFEST, TABLES, About, Manifest, Part
from chatscape.backup.sealing import Key, Lock, lock_and_key, opened, sealing
from chatscape.backup.snapshot import snapshot

SESSIONS = "django_session"


@dataclass(frozen=True)
class What:
    """What goes into a backup."""

    key: bool = True
    sessions: bool = True
    files: bool = True


def write(file: BinaryIO, lock: Lock, what: What) -> Manifest:
    """Write a backup to `file`, read it again from there, and return what it says of itself.

    It is on the disk then. Raises `BackupError` when what was read is not what was written.
    """
    lock, key = lock_and_key(lock)
    with sealing(file, lock) as out:
        manifest = _write(Writer(out, datetime.now(UTC).timestamp()), what)
    file.flush()
    os.fsync(file.fileno())
    if read(file, key) != manifest:
        raise BackupError("What was written is not what was meant: the disk or the memory is at fault.")
    return manifest


def read(file: BinaryIO, key: Key) -> Manifest:
    """Read all of a backup and check it."""
    file.seek(0)
    with opened(file, key) as source:
        return Reader().read(source)


def _write(archive: Writer, what: What) -> Manifest:
    with snapshot() as using:
        loader = tables.loader_of(using)
        state = tables.applied(loader)
        kept = tables.tables_at(loader, state)
        left_out = set() if what.sessions else tables.depending_on(kept, SESSIONS)
        about = About(
            version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=connections[using].vendor,
            migrations=state,
            columns={table.name: table.columns for table in kept},
            key="environment" if not keys.key_is_kept() else "included" if what.key else "left out",
            key_check=keys.check_of(settings.SECRET_KEY),
            left_out=sorted(left_out),
        )
        archive.add(ABOUT, about.to_json())
        rows = {
            table.name: _table(archive, table, using) if table.name not in left_out else Part(0, _EMPTY)
            for table in kept
        }
    # After the rows: a file that is newer than they are does no harm, one that is missing would.
    files = dict(_files(archive, Path(settings.MEDIA_ROOT))) if what.files else {}
    if about.key == "included":
        archive.add(KEY, keys.kept_key())
    manifest = Manifest(about, rows, files)
    archive.add(MANIFEST, manifest.to_json())
    archive.end()
    return manifest


def _table(archive: Writer, table: tables.Table, using: str) -> Part:
    """Write a table in pieces of some megabytes."""
    counted, pieces, hashed = 0, 0, hashlib.sha256()
    piece = bytearray()

    def end_piece() -> None:
        nonlocal pieces
        archive.add(f"{TABLES}{table.name}/{pieces:06}.jsonl", bytes(piece))
        hashed.update(piece)
        pieces += 1
        piece.clear()

    for line in table.lines(using):
        counted += 1
        piece += line
        if len(piece) >= PIECE:
            end_piece()
    if piece:
        end_piece()
    return Part(counted, hashed.hexdigest())


def _files(archive: Writer, root: Path) -> Iterator[tuple[str, Part]]:
    """Write every uploaded file; one that goes meanwhile belonged to something that was deleted."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(STAGING))
        for name in sorted(names):
            path = Path(folder) / name
            with suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield _file(archive, path, path.relative_to(root).as_posix())


def _file(archive: Writer, path: Path, name: str) -> tuple[str, Part]:
    hashed = hashlib.sha256()

    def chunks(file: BinaryIO, left: int) -> Iterator[bytes]:
        while left and (chunk := file.read(min(left, CHUNK))):
            left -= len(chunk)
            hashed.update(chunk)
            yield chunk

    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        archive.add_stream(FILES + name, size, chunks(file, size))
    return name, Part(size, hashed.hexdigest())


_EMPTY = hashlib.sha256().hexdigest()
