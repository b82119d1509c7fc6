"""Make a backup: one file with everything, checked before it has its name."""

import tempfile
import time
from argparse import ArgumentParser
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chatscape.backup import BackupError, first_line, keys, places
from chatscape.backup.manifest import Manifest
from chatscape.backup.sealing import Lock
from chatscape.backup.writing import What, write


class Command(BaseCommand):
    help = (
        "Save the database, the uploaded files and the secret key in one file that any database can take in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output",
            default="",
            help="a file, a folder, s3://bucket/folder/ or - for standard output (default: var/backups)",
        )
        parser.add_argument("--encrypt", action="store_true", help="with a passphrase, which is asked for")
        parser.add_argument(
            "--passphrase-file", help="encrypt with the passphrase in the first line of this file"
        )
        parser.add_argument(
            "--recipient",
            action="append",
            default=[],
            metavar="age1...",
            help="encrypt for this public key; may be given again",
        )
        parser.add_argument("--plain", action="store_true", help="do not encrypt, whatever the settings say")
        parser.add_argument("--without-key", action="store_true", help="leave the secret key out")
        parser.add_argument("--without-sessions", action="store_true", help="who restores it is signed out")
        parser.add_argument("--without-files", action="store_true", help="leave uploaded files out")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="delete all but the newest N backups in the folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._back_up(options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refuses: {first_line(error)}") from error
        except OSError as error:
            raise CommandError(f"The backup cannot be written: {error.strerror or error}.") from error

    def _back_up(self, options: dict[str, Any]) -> None:
        output = options["output"] or str(settings.VAR_DIR / "backups") + "/"
        to_stream = output == places.STANDARD or output.startswith(places.BUCKET)
        if options["keep"] is not None and (to_stream or options["keep"] < 1):
            raise BackupError("--keep needs a folder, and a number from 1.")
        lock = _lock(options)
        if output.startswith(places.BUCKET):
            output = places.s3_name(output, encrypted=bool(lock))
        what = What(
            key=not options["without_key"],
            sessions=not options["without_sessions"],
            files=not options["without_files"],
        )
        began = time.monotonic()
        if to_stream:
            # Not before it has been checked does a byte of it leave.
            with tempfile.TemporaryFile() as file:
                manifest = write(file, lock, what)
                where, size = self._send(file, output), file.seek(0, 2)
        else:
            path = places.path_for(output, encrypted=bool(lock))
            with places.becoming(path) as file:
                manifest = write(file, lock, what)
            where, size = str(path), path.stat().st_size
            if options["keep"] is not None:
                for name in places.keep_newest(path.parent, options["keep"]):
                    self._say(f"Deleted {name}.")
        self._report(manifest, where, size, time.monotonic() - began, encrypted=bool(lock))

    def _send(self, file: BinaryIO, output: str) -> str:
        if output == places.STANDARD:
            places.hand_out(file)
            return "standard output"
        places.upload(file, output)
        return output

    def _report(self, manifest: Manifest, where: str, size: int, seconds: float, *, encrypted: bool) -> None:
        self._say(
            f"Saved and checked: {manifest.rows:,} rows of {len(manifest.tables)} tables, "
            f"{len(manifest.files):,} files, {size:,} bytes in {seconds:.1f} s: {where}"
        )
        if manifest.about.key == "environment":
            self._say("The secret key is not in it: it comes from SECRET_KEY. Keep that, too.")
        elif manifest.about.key == "left out":
            self._say(
                "The secret key is not in it: without it authenticator apps stop working after a restore."
            )
        if not encrypted:
            self._say("It is not encrypted: whoever reads it can read everything and sign in as anybody.")

    def _say(self, line: str) -> None:
        # Standard output may be the backup.
        self.stderr.write(line, self.style.SUCCESS)


def _lock(options: dict[str, Any]) -> Lock:
    passphrase = options["encrypt"] or options["passphrase_file"]
    recipients = options["recipient"]
    if options["plain"]:
        if passphrase or recipients:
            raise BackupError("--plain goes with neither a passphrase nor a recipient.")
        return Lock()
    if passphrase and recipients:
        raise BackupError("Give a passphrase or recipients, not both.")
    if not passphrase and not recipients:
        recipients = settings.BACKUP_RECIPIENTS
        passphrase = bool(settings.BACKUP_PASSPHRASE) and not recipients
    if recipients:
        return Lock(recipients=keys.recipients_of(recipients))
    if not passphrase:
        return Lock()
    file = options["passphrase_file"]
    return Lock(keys.new_passphrase(keys.passphrase_in(file) if file else settings.BACKUP_PASSPHRASE))
