"""Taking a backup in: checked first, then all of it or nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.management import call_command

from chatscape.backup import BackupError, keys, loading
from chatscape.backup.contents import STAGING, Reader
from chatscape.backup.manifest import About, Manifest
from chatscape.backup.sealing import Key, opened
from chatscape.backup.writing import read


@dataclass(frozen=True)
class How:
    """What a restore does beside the tables."""

    key: bool = True
    migrate: bool = True
    sign_out: bool = False
    replace: bool = False


def restore(file: BinaryIO, key: Key, how: How, say: Callable[[str], None]) -> Manifest:
    """Check all of a backup, then put it into the database, and its files and key into their places.

    Whatever is wrong raises `BackupError`, and nothing has changed. Then newer migrations are applied.
    """
    manifest = read(file, key)
    loading.refuse_newer(manifest.about)
    say(f"Checked: {manifest.rows:,} rows, {len(manifest.files):,} files.")
    erased = _erased() if how.replace else set()
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=root))
    try:
        filling = _Filling(staging)
        with loading.rebuilding():
            file.seek(0)
            with opened(file, key) as source:
                filling.read(source)
            filling.finish(manifest)
            _forget_connections()
            # Before the rows that name them count: a file too many does no harm, one too few would.
            _put_files(staging, root, manifest)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    say("Restored: the hashes of all tables are those of the backup.")
    try:
        _remove_others(root, manifest if how.replace else None)
        _take_key(manifest.about, filling.secret, how, say)
    except OSError as error:
        raise BackupError(f"The database and the files are restored, the rest is not: {error}.") from error
    if how.migrate:
        call_command("migrate", interactive=False, verbosity=0)
        _afterwards(erased, how, say)
    return manifest


class _Filling(Reader):
    """Puts what it reads into the database and the staging folder."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging
        self.secret = b""

    def about(self, about: About) -> None:
        self.loader = loading.Loader(about)

    def rows(self, table: str, lines: list[bytes]) -> None:
        self.loader.rows(table, lines)

    def file(self, name: str, chunks: Iterable[bytes]) -> None:
        path = self.staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def key(self, key: bytes) -> None:
        self.secret = key

    def finish(self, manifest: Manifest) -> None:
        self.loader.finish(manifest)


def _put_files(staging: Path, root: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(root / name)


def _remove_others(root: Path, manifest: Manifest | None) -> None:
    """Remove what restores left that were killed, and files that are not in the manifest, if there is one."""
    for folder in root.glob(f"{STAGING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for path in root.rglob("*") if manifest else ():
        if manifest and path.is_file() and path.relative_to(root).as_posix() not in manifest.files:
            path.unlink()


def _take_key(about: About, secret: bytes, how: How, say: Callable[[str], None]) -> None:
    """Keep the backup's key, or say what becomes of what it encrypts."""
    if keys.check_of(settings.SECRET_KEY) == about.key_check:
        return
    if secret and how.key and keys.key_is_kept():
        keys.keep_key(secret)
        say("The secret key is that of the backup from the next start on: restart the server.")
        return
    if about.key == "environment":
        where = "It came from SECRET_KEY there: set the same here."
    elif secret:
        where = (
            "This server has its own in SECRET_KEY." if how.key else "The backup's was left out, as asked."
        )
    else:
        where = "It was left out of the backup."
    say(
        f"This server has another secret key than the backup's. {where} With another one everybody must sign "
        "in again, and authenticator apps and recovery codes do not work (manage.py remove_second_factor)."
    )


def _erased() -> set[UUID]:
    """Whom the audit log of the database that is replaced knows to have been erased."""
    from chat.models import AuditEntry

    try:
        entries = AuditEntry.objects.filter(action="person.erased", subject__isnull=False)
        return {subject for subject in entries.values_list("subject", flat=True) if subject}
    except Exception as error:
        raise BackupError("The database here is not as this code knows it: migrate it first.") from error


def _afterwards(erased: set[UUID], how: How, say: Callable[[str], None]) -> None:
    """Erase again who was erased since, and end sessions when asked."""
    from django.contrib.sessions.models import Session

    from accounts.erasing import erase_person
    from accounts.models import Device, User
    from chat.errors import ChatError

    for person in User.objects.filter(pseudonym__in=erased):
        try:
            erase_person(actor=None, person=person)
            say("Erased again: somebody who had been erased since the backup.")
        except ChatError as error:
            say(f"Somebody who had been erased since the backup is back: {error.message}")
    if how.sign_out:
        Device.objects.all().delete()
        Session.objects.all().delete()


def _forget_connections() -> None:
    """Forget content types that were known by other ids."""
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()
