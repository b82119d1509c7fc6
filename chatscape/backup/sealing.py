"""From a stream of plain bytes to a file, and back: compressed, and encrypted when asked."""

import gzip
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyrage

from chatscape.backup import BackupError, age
from chatscape.backup.archive import Readable, Writable

GZIP = b"\x1f\x8b"
# Denser costs more time than it saves space.
LEVEL = 4
# Whatever is compressed by more than that was made to fill a disk or to take for ever.
EXPANSION_MOST, EXPANSION_FREE = 200, 256 * 1024 * 1024
BUFFER = 256 * 1024


@dataclass(frozen=True)
class Lock:
    """What a new backup is encrypted with: a passphrase, or keys of recipients; with neither it is not."""

    passphrase: str = ""
    recipients: Sequence[Any] = ()

    def __bool__(self) -> bool:
        return bool(self.passphrase or self.recipients)


@dataclass(frozen=True)
class Key:
    """What opens a backup. `ask` is called for a passphrase when one is needed and none is given."""

    passphrase: str = ""
    identities: Sequence[Any] = ()
    ask: Callable[[], str] | None = None


def lock_and_key(lock: Lock) -> tuple[Lock, Key]:
    """Return the lock, and the key with which what was written can be read again at once.

    For recipients that is one more recipient, whose key is nowhere but in memory, and gone afterwards.
    """
    if lock.recipients:
        ours = pyrage.x25519.Identity.generate()
        return Lock(recipients=[*lock.recipients, ours.to_public()]), Key(identities=[ours])
    return lock, Key(lock.passphrase)


@contextmanager
def sealing(file: BinaryIO, lock: Lock) -> Iterator[Writable]:
    """Yield what takes plain bytes and writes them to `file`, compressed and locked."""
    if not lock:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=LEVEL, mtime=0) as packed:
            yield packed
        return

    def encrypt(source: BinaryIO, out: Writable) -> None:
        if lock.passphrase:
            age.encrypt_io(source, out, lock.passphrase)
        else:
            pyrage.encrypt_io(source, out, list(lock.recipients))

    with (
        _through(encrypt, file) as pipe,
        gzip.GzipFile(fileobj=pipe, mode="wb", compresslevel=LEVEL, mtime=0) as packed,
    ):
        yield packed


@contextmanager
def _through(work: Callable[[BinaryIO, Writable], None], file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a pipe whose other end `work` reads in a thread, writing to `file`."""
    theirs, ours = os.pipe()
    out = _Remembering(file)

    def run() -> None:
        with os.fdopen(theirs, "rb", BUFFER) as source:
            try:
                work(source, out)
            except Exception as error:
                out.error = out.error or error

    thread = threading.Thread(target=run, name="backup-encrypt")
    thread.start()
    try:
        with os.fdopen(ours, "wb", BUFFER) as pipe:
            yield pipe
    except BrokenPipeError:
        if out.error is None:
            raise
    finally:
        thread.join()
    if out.error is not None:
        raise out.error


class _Remembering:
    """A file that keeps the error it had: a library in between has words of its own for it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self.file.flush()


@contextmanager
def opened(file: BinaryIO, key: Key) -> Iterator[Readable]:
    """Yield the plain bytes of a backup. What is read raises `BackupError` for damage, or another key."""
    start = file.read(len(age.SCRYPT))
    file.seek(0)
    if start.startswith(GZIP):
        yield _Unpacking(file, file)
        return
    if not start.startswith(age.VERSION):
        raise BackupError("This is no backup of ChatScape, or it is damaged.")
    decrypt = _decrypter(key, with_passphrase=start == age.SCRYPT)
    theirs, ours = os.pipe()
    errors: list[Exception] = []

    def run() -> None:
        try:
            with os.fdopen(ours, "wb", BUFFER) as out:
                decrypt(file, out)
        except BrokenPipeError:
            # Nobody wants to read on.
            pass
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="backup-decrypt")
    thread.start()
    try:
        with os.fdopen(theirs, "rb", BUFFER) as source:
            yield _Unpacking(_Decrypted(source, thread, errors), file)
    finally:
        thread.join()


def _decrypter(key: Key, *, with_passphrase: bool) -> Callable[[BinaryIO, BinaryIO], None]:
    if with_passphrase:
        passphrase = key.passphrase or (key.ask() if key.ask else "")
        if not passphrase:
            raise BackupError("The backup is encrypted: give its passphrase (--passphrase-file).")
        return lambda source, out: age.decrypt_io(source, out, passphrase)
    if not key.identities:
        raise BackupError("The backup is encrypted for a key: give the file with it (--identity).")
    return lambda source, out: pyrage.decrypt_io(source, out, list(key.identities))


class _Decrypted:
    """The pipe from the thread that decrypts. Its end is one only if the thread says so."""

    def __init__(self, pipe: BinaryIO, thread: threading.Thread, errors: list[Exception]) -> None:
        self.pipe, self.thread, self.errors = pipe, thread, errors

    def read(self, size: int = -1) -> bytes:
        data = self.pipe.read(size)
        if len(data) < size:
            self.thread.join()
            if self.errors:
                raise self._plainly(self.errors[0])
        return data

    def _plainly(self, error: Exception) -> Exception:
        if isinstance(error, BackupError):
            return error
        if isinstance(error, pyrage.DecryptError) and "key" in str(error).lower():
            return BackupError("The backup is encrypted for another key.")
        return BackupError("The backup is damaged, or was cut off.")


class _Unpacking:
    """The bytes of a compressed stream, as many as such a stream may have."""

    def __init__(self, packed: Any, file: BinaryIO) -> None:
        self._file, self._given = file, 0
        self._plain = gzip.GzipFile(fileobj=packed, mode="rb")

    def read(self, size: int) -> bytes:
        try:
            data = self._plain.read(size)
        except EOFError as error:
            raise BackupError("The backup is damaged: it ends too early.") from error
        except (OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BackupError("The backup is damaged: it cannot be decompressed.") from error
        self._given += len(data)
        if self._given > EXPANSION_FREE and self._given > EXPANSION_MOST * max(1, _position(self._file)):
            raise BackupError("This is no backup: it would unpack to far more than any has.")
        return data


def _position(file: BinaryIO) -> int:
    return os.lseek(file.fileno(), 0, os.SEEK_CUR)
