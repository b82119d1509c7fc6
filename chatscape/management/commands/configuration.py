"""Print what can be configured, as docs/configuration.md has it."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chatscape import reference


class Command(BaseCommand):
    help = "Print every variable of the environment that ChatScape reads."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="print it for programs")
        how.add_argument("--write", action="store_true", help="bring docs/configuration.md up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        known = reference.variables()
        if options["write"]:
            file = settings.BASE_DIR / "docs" / "configuration.md"
            file.write_text(reference.page(file.read_text(), known))
        elif options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in known], indent=1))
        else:
            self.stdout.write(f"{reference.tables(known)}\n\n{reference.limits(known)}")
