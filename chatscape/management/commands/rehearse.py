"""Try the upgrade of a server on a copy of it."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chatscape.backup import BackupError, keys, places
from chatscape.backup.age import SCRYPT
from chatscape.backup.rehearsing import is_elsewhere, rehearse, rehearse_elsewhere
from chatscape.management.commands.restore import add_key_arguments, key_of


class Command(BaseCommand):
    help = (
        "Restore a backup into a database of its own, migrate it with the code that is here, check it, show "
        "some pages, and delete it again. The server's own database is not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the backup: a file, or s3://bucket/name")
        add_key_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with places.given(options["file"]) as file:
                if is_elsewhere():
                    rehearse(file, key_of(options), self.stdout.write)
                    return
                start = file.read(len(SCRYPT))
                # The other process is given what this one can ask for.
                status = rehearse_elsewhere(
                    [file.name, *(f"--identity={path}" for path in options["identity"])],
                    self._passphrase(options["passphrase_file"]) if start == SCRYPT else "",
                )
        except BackupError as error:
            raise CommandError(str(error)) from error
        if status:
            raise CommandError("The rehearsal failed: do not upgrade yet. Nothing here was touched.")
        self.stdout.write("The rehearsal went well. Nothing here was touched.")

    def _passphrase(self, file: str | None) -> str:
        if file:
            return keys.passphrase_in(file)
        return settings.BACKUP_PASSPHRASE or getpass("Passphrase of the backup: ")
