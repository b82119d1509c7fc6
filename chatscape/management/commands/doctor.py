"""Look at everything ChatScape needs, and say how to mend what is wrong."""

import argparse
import sys
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand

from chatscape.doctor.main import parser, tell
from chatscape.doctor.start import start


class Command(BaseCommand):
    """What `manage.py` does without this when the settings cannot be read."""

    help = "Look at everything ChatScape needs, and say how to mend what is wrong."
    requires_system_checks = ()

    def add_arguments(self, given: argparse.ArgumentParser) -> None:
        parser(given)

    def handle(self, *args: Any, **options: Any) -> None:
        if status := tell(start(), argparse.Namespace(**options), cast("TextIO", self.stdout)):
            sys.exit(status)
