"""Write somebody's data into a zip file, as they could themselves."""

import argparse
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.export import export_person
from accounts.models import User


class Command(BaseCommand):
    help = "Write all data of a person into a zip file."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")
        parser.add_argument("file", type=Path, help="the file to write; it must not be there yet")

    def handle(self, *args: Any, email: str, file: Path, **options: Any) -> None:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError("Nobody signs in with this address.")
        try:
            # Only whoever runs this shall read it.
            file.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        with export_person(person) as data, file.open("wb") as target:
            shutil.copyfileobj(data, target)
        self.stdout.write(f"Written to {file}.")
