"""Reading a backup from its start to its end, and finding whatever is wrong with it."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from chatscape.backup import BackupError
from chatscape.backup.archive import Member, Readable, members
from chatscape.backup.manifest import (
    ABOUT,
    FILES,
    KEY,
    MANIFEST,
    TABLES,
    About,
    Manifest,
    Part,
    about_from,
    manifest_from,
)

# A table lies in pieces of some megabytes, so that no more than one is in memory.
PIECE, PIECE_MOST = 4 * 1024 * 1024, 64 * 1024 * 1024
SMALL = 16 * 1024 * 1024
KEY_MOST = 10_000
# Among uploaded files: those of a restore that is not done, or was killed.
STAGING = ".restoring-"
_PIECE = re.compile(r"tables/([a-z0-9_]+)/(\d{6})\.jsonl")


class Reader:
    """Walks through a backup once. What is not overridden is only checked."""

    def about(self, about: About) -> None:
        """Told before all else."""

    def rows(self, table: str, lines: list[bytes]) -> None:
        """Told a piece of a table; the rows are in order, the tables as the backup has them."""

    def file(self, name: str, chunks: Iterable[bytes]) -> None:
        """Told an uploaded file. Must use up the chunks."""
        for _ in chunks:
            pass

    def key(self, key: bytes) -> None:
        """Told the server's secret key."""

    def read(self, source: Readable) -> Manifest:
        """Read all, and return what it says of itself, having found it to be true.

        Raises `BackupError` with the first thing that is wrong.
        """
        walk = members(source)
        first = next(walk, None)
        if first is None or first.name != ABOUT:
            raise BackupError("This is no backup of ChatScape.")
        about = about_from(first.bytes(SMALL))
        self.about(about)
        tables = {name: _Sum() for name in about.columns}
        files: dict[str, Part] = {}
        has_key = False
        manifest: Manifest | None = None
        for member in walk:
            if manifest:
                raise BackupError("The backup is damaged: something follows its end.")
            if member.name == MANIFEST:
                manifest = manifest_from(member.bytes(SMALL))
            elif member.name == KEY and not has_key:
                has_key = True
                self.key(member.bytes(KEY_MOST))
            elif member.name.startswith(FILES):
                name = safe(member.name.removeprefix(FILES))
                if name in files:
                    raise BackupError(f"The backup is damaged: the file {name!r} is in it twice.")
                files[name] = self._file(name, member)
            elif member.name.startswith(TABLES):
                self._piece(member, tables)
            else:
                raise BackupError(f"The backup is not ours: it holds {member.name!r}.")
        if manifest is None:
            raise BackupError("The backup is damaged: it ends too early.")
        _compare(about, manifest, {name: found.part() for name, found in tables.items()}, files)
        if has_key != (about.key == "included"):
            raise BackupError("The backup is damaged: it does not have the key that it names.")
        return manifest

    def _piece(self, member: Member, tables: dict[str, "_Sum"]) -> None:
        named = _PIECE.fullmatch(member.name)
        if named is None or named[1] not in tables:
            raise BackupError(f"The backup is not ours: it holds {member.name!r}.")
        found = tables[named[1]]
        if int(named[2]) != found.pieces:
            raise BackupError(f"The backup is damaged: pieces of {named[1]} are missing or out of order.")
        data = member.bytes(PIECE_MOST)
        found.add(data)
        if not data.endswith(b"\n"):
            raise BackupError(f"The backup is damaged: a row of {named[1]} is cut off.")
        self.rows(named[1], data.splitlines())

    def _file(self, name: str, member: Member) -> Part:
        hashed = hashlib.sha256()

        def chunks() -> Iterator[bytes]:
            for chunk in member.chunks():
                hashed.update(chunk)
                yield chunk

        self.file(name, chunks())
        return Part(member.size, hashed.hexdigest())


class _Sum:
    """What was found of a table."""

    def __init__(self) -> None:
        self.pieces = self.count = 0
        self.hashed = hashlib.sha256()

    def add(self, data: bytes) -> None:
        self.pieces += 1
        self.count += data.count(b"\n")
        self.hashed.update(data)

    def part(self) -> Part:
        return Part(self.count, self.hashed.hexdigest())


def safe(name: str) -> str:
    """Return the path of a file below the folder of uploads. Raises `BackupError` for one that leads out."""
    path = PurePosixPath(name)
    odd = not path.parts or path.is_absolute() or ".." in path.parts or str(path) != name
    if odd or "\\" in name or "\0" in name or any(part.startswith(STAGING) for part in path.parts):
        raise BackupError(f"The backup is not ours: a file in it is called {name!r}.")
    return name


def _compare(about: About, manifest: Manifest, tables: dict[str, Part], files: dict[str, Part]) -> None:
    if manifest.about != about:
        raise BackupError("The backup is damaged: its start and its end say different things.")
    for what, said, found in (("table", manifest.tables, tables), ("file", manifest.files, files)):
        for name in sorted(said.keys() | found.keys()):
            if name not in found:
                raise BackupError(f"The backup is damaged: the {what} {name} is missing.")
            if name not in said:
                raise BackupError(f"The backup is damaged: the {what} {name} should not be there.")
            if said[name] != found[name]:
                raise BackupError(f"The backup is damaged: the {what} {name} is not what was saved.")
