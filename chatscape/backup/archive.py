"""A tar of plain files, written and read as a stream (POSIX ustar).

Only what a backup needs is understood: links, devices, and the extensions by which a header could ask for
gigabytes of memory, are refused.
"""

import tarfile
from collections.abc import Iterable, Iterator
from typing import Protocol

from chatscape.backup import BackupError

BLOCK = tarfile.BLOCKSIZE
CHUNK = 1024 * 1024


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writer:
    """Writes files one after the other."""

    def __init__(self, out: Writable, when: float) -> None:
        self.out = out
        self.when = int(when)

    def add(self, name: str, data: bytes) -> None:
        self.add_stream(name, len(data), [data])

    def add_stream(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Write a file of exactly `size` bytes. Raises `BackupError` when they are fewer or more."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self.when, 0o600
        try:
            self.out.write(info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"))
        except ValueError as error:
            raise BackupError(f"{name}: {error}") from error
        written = 0
        for chunk in chunks:
            self.out.write(chunk)
            written += len(chunk)
        if written != size:
            raise BackupError(f"{name} changed while it was read. Try again.")
        self.out.write(bytes(-size % BLOCK))

    def end(self) -> None:
        self.out.write(bytes(2 * BLOCK))


class Member:
    """One file in an archive; its bytes can be read once, before the next one is asked for."""

    def __init__(self, name: str, size: int, source: Readable) -> None:
        self.name, self.size = name, size
        self._left, self._source = size, source

    def chunks(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._source.read(min(self._left, CHUNK))
            if not chunk:
                raise _cut()
            self._left -= len(chunk)
            yield chunk

    def bytes(self, most: int) -> bytes:
        """Return all of it. Raises `BackupError` when that is more than `most`."""
        if self.size > most:
            raise BackupError(f"The backup is damaged: {self.name!r} has {self.size} bytes.")
        return b"".join(self.chunks())

    def skip(self) -> None:
        """Read what nobody has read, and what fills its last block."""
        for _ in self.chunks():
            pass
        exactly(self._source, -self.size % BLOCK)


def members(source: Readable) -> Iterator[Member]:
    """Yield the files of an archive in order. Raises `BackupError` for anything else in it."""
    while True:
        block = exactly(source, BLOCK)
        if not block.strip(b"\0"):
            break
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise BackupError("The backup is damaged: no header of a file where one should be.") from error
        if info.type != tarfile.REGTYPE or info.size < 0:
            raise BackupError(f"The backup is not ours: {info.name!r} is no plain file.")
        member = Member(info.name, info.size, source)
        yield member
        member.skip()
    # Up to the end: a damaged check sum stands there, and nothing else may.
    while rest := source.read(CHUNK):
        if rest.strip(b"\0"):
            raise BackupError("The backup is damaged: something follows its end.")


def exactly(source: Readable, size: int) -> bytes:
    """Read that many bytes. Raises `BackupError` when there are fewer."""
    parts = []
    while size:
        part = source.read(size)
        if not part:
            raise _cut()
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _cut() -> BackupError:
    return BackupError("The backup is damaged: it ends too early.")
