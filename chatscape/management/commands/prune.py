"""Remove what nobody needs any more."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from chatscape.pruning import LEFTOVERS, prune, remove_files, stale_files


class Command(BaseCommand):
    help = "Remove sessions, links and files that are over. It may run at any time, and beside the server."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument(
            "--static-age",
            type=int,
            default=7,
            metavar="DAYS",
            help="how long files of the version before stay for pages that are open (7)",
        )

    def handle(self, *args: Any, dry_run: bool, static_age: int, **options: Any) -> None:
        if static_age < 0:
            raise CommandError("--static-age: must be at least 0")
        failed = []
        for leftover in LEFTOVERS:
            try:
                number = leftover.find(timezone.now()).count() if dry_run else prune(leftover)
            except DatabaseError as problem:
                # The others are no worse for it; whoever runs this again goes on where it stopped.
                failed.append(f"{leftover.name}: {str(problem).partition(chr(10))[0]}")
                continue
            self._tell(leftover.name, number)
        files = list(stale_files(Path(settings.STATIC_ROOT), timedelta(days=static_age)))
        self._tell("Static files of versions before this one", len(files) if dry_run else remove_files(files))
        if dry_run:
            self.stdout.write("Nothing was removed.")
        if failed:
            raise CommandError("\n".join(failed))

    def _tell(self, name: str, number: int) -> None:
        self.stdout.write(f"{number:>9,}  {name}")
