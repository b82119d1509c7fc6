"""Take a backup in, or check one."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from chatscape.backup import BackupError, first_line, keys, loading, places
from chatscape.backup.manifest import Manifest
from chatscape.backup.restoring import How, restore
from chatscape.backup.sealing import Key, Lock
from chatscape.backup.writing import What, read, write

__all__ = ["Command", "add_key_arguments", "key_of"]


class Command(BaseCommand):
    help = "Put a backup into an empty database, whichever kind it is; all of it, or nothing."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the backup: a file, s3://bucket/name or - for standard input")
        add_key_arguments(parser)
        parser.add_argument("--verify-only", action="store_true", help="check the file; touch no database")
        parser.add_argument("--replace", action="store_true", help="replace what is here, saving it before")
        parser.add_argument(
            "--confirm", metavar="NAME", help="the database to replace, instead of being asked"
        )
        parser.add_argument("--without-key", action="store_true", help="keep this server's secret key")
        parser.add_argument("--sign-out", action="store_true", help="everybody must sign in again")
        parser.add_argument("--no-migrate", action="store_true", help="leave the tables as they were")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with places.given(options["file"]) as file:
                self._handle(file, key_of(options), options)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refuses: {first_line(error)}") from error
        except OSError as error:
            raise CommandError(f"{error.strerror or error}. Nothing was changed.") from error

    def _handle(self, file: BinaryIO, key: Key, options: dict[str, Any]) -> None:
        if options["verify_only"]:
            self._describe(read(file, key))
            return
        replace = not loading.is_empty()
        if replace:
            self._may_replace(options)
            read(file, key)
            self._save_before()
        how = How(
            key=not options["without_key"],
            migrate=not options["no_migrate"],
            sign_out=options["sign_out"],
            replace=replace,
        )
        restore(file, key, how, self.stdout.write)
        if settings.REDIS_URL or replace:
            self.stdout.write("Restart the server, so that nobody sees what was here before.")

    def _may_replace(self, options: dict[str, Any]) -> None:
        if not options["replace"]:
            raise BackupError("The database is not empty. To replace what it holds, give --replace.")
        name = _database()
        typed = options["confirm"]
        if typed is None:
            typed = input(f"Everything in {name} will be replaced. Stop the server, then type {name}: ")
        if typed != name:
            raise BackupError(f"That is not {name}. Nothing was changed.")

    def _save_before(self) -> None:
        """Save what is here, with the same care, before it goes."""
        recipients = keys.recipients_of(settings.BACKUP_RECIPIENTS)
        lock = Lock("" if recipients else settings.BACKUP_PASSPHRASE, recipients)
        path = places.path_for(str(settings.VAR_DIR / "backups") + "/", encrypted=bool(lock))
        with places.becoming(path) as saved:
            write(saved, lock, What())
        self.stdout.write(f"What was here is saved in {path}.")

    def _describe(self, manifest: Manifest) -> None:
        about = manifest.about
        self.stdout.write(
            f"Whole and undamaged: ChatScape {about.version} on {about.engine}, {about.created}, "
            f"{manifest.rows:,} rows of {len(manifest.tables)} tables, {len(manifest.files):,} "
            f"files, secret key: {about.key}."
        )


def add_key_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", help="the file whose first line is the passphrase")
    parser.add_argument(
        "--identity", action="append", default=[], metavar="FILE", help="a file with a private key of age"
    )


def key_of(options: dict[str, Any]) -> Key:
    """Return what opens the backup, as given."""
    file = options["passphrase_file"]
    asked: list[str] = []

    def ask() -> str:
        # Once, however often the file is read.
        if not asked:
            asked.append(getpass("Passphrase of the backup: "))
        return asked[0]

    return Key(
        keys.passphrase_in(file) if file else settings.BACKUP_PASSPHRASE,
        keys.identities_in(options["identity"]),
        ask,
    )


def _database() -> str:
    return str(connection.settings_dict["NAME"]).rpartition("/")[2]
