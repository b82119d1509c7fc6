"""The folder with all state: whether it can be written, has room, and is nobody else's."""

import os
import stat
import tempfile
from pathlib import Path

from django.conf import settings

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning

MIB = 1024 * 1024
# With less it stops soon; with less than the second somebody should look.
FULL, LOW = 100 * MIB, 1024 * MIB
FEW_FILES = 1000
# Locks of SQLite are not to be trusted there.
OF_A_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs")


def look(options: Options) -> Findings:
    folder: Path = settings.VAR_DIR
    yield from _written(folder)
    yield from _room(folder)
    yield from _network(folder)
    yield from _permissions(folder)


def _written(folder: Path) -> Findings:
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        if problem.errno == 28:
            yield error(f"{folder} is full.", "Make room: python manage.py prune, or a larger disk.")
            return
        yield error(
            f"Nothing can be written to {folder}: {problem.strerror}.",
            f"Let the user of the server write there: chown -R $(id -un) {folder}; or set CHATSCAPE_VAR.",
        )
    else:
        yield ok(f"{folder} can be written.")


def _room(folder: Path) -> Findings:
    there = os.statvfs(folder)
    free, whole = there.f_bavail * there.f_frsize, there.f_blocks * there.f_frsize
    text = f"{_size(free)} of {_size(whole)} are free."
    mend = "Make room: python manage.py prune, python manage.py backup elsewhere, or a larger disk."
    if free < FULL:
        yield error(text, mend)
    elif free < LOW:
        yield warning(text, mend)
    else:
        yield ok(text)
    # Some file systems count none.
    if there.f_files and there.f_favail < FEW_FILES:
        yield error(f"Only {there.f_favail} more files can be made there.", "Delete files that nobody needs.")


def _network(folder: Path) -> Findings:
    kind = file_system(folder)
    if kind in OF_A_NETWORK and not settings.DATABASE_URL:
        yield error(
            f"{folder} is on a file system of the network ({kind}): SQLite's locks do not hold there.",
            "Set CHATSCAPE_VAR to a local disk, or DATABASE_URL to PostgreSQL.",
        )


def file_system(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of file system a folder is on, or an empty text where nobody says."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    here = str(folder.resolve())
    above = [each for each in lines if len(each) > 2 and (here + "/").startswith(each[1].rstrip("/") + "/")]
    return max(above, key=lambda each: len(each[1]))[2] if above else ""


def _permissions(folder: Path) -> Findings:
    found = False
    for path, mode in (
        (folder, 0o700),
        (folder / "secret_key", 0o600),
        *((each, 0o600) for each in _database()),
    ):
        try:
            there = path.stat()
        except OSError:
            continue
        wrong = stat.S_IMODE(there.st_mode) & 0o077
        # What lies in a folder that is nobody else's is nobody else's.
        covered = path.parent == folder and not stat.S_IMODE(folder.stat().st_mode) & 0o077
        if wrong and (path.name == "secret_key" or not covered):
            found = True
            level = error if path.name == "secret_key" else warning
            yield level(f"{path} can be read by others on this machine.", f"chmod {mode:o} {path}")
        if there.st_uid != os.geteuid():
            found = True
            yield warning(
                f"{path} belongs to another user (number {there.st_uid}).",
                f"Run this as that user, or: chown -R $(id -un) {folder}",
            )
    if not found:
        yield ok("Nobody else can read the key and the database file.")


def _database() -> list[Path]:
    name = settings.DATABASES["default"]["NAME"]
    return [Path(name)] if "sqlite" in settings.DATABASES["default"]["ENGINE"] else []


def _size(octets: int) -> str:
    return f"{octets / MIB / 1024:.1f} GiB" if octets >= 1024 * MIB else f"{octets / MIB:.0f} MiB"
