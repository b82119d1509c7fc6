#!/usr/bin/env python
"""Run ChatScape's commands: serve, migrate, check, and the rest of Django's."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
    if sys.argv[1:2] == ["doctor"]:
        from chatscape.doctor.main import main as doctor

        # It also works where the settings do not.
        sys.exit(doctor(sys.argv[2:]))
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        if settings.configured:
            raise
        # A variable of the environment: one line says which, and how to mend it.
        sys.exit(f"{problem}\nSee docs/configuration.md, or ask: python manage.py doctor")


if __name__ == "__main__":
    main()
