"""Export static files to S3 and CloudFront, or take them back."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deploy.export.aws import AGAIN
from deploy.export.destroy import destroy
from deploy.export.errors import Refused, Unsound
from deploy.export.exporting import Wishes, export
from deploy.export.front import PATIENCE
from deploy.export.target import Target, target_of

# What the process ends with, besides 0, 1 (refused or failed) and 2 (wrong flags).
UNSOUND, INTERRUPTED = 3, 130


class Command(BaseCommand):
    """Plan, upload what has changed, let CloudFront forget it, and look whether the site serves it."""

    help = (
        "Export static files with hashed names, the service worker, the manifest, the offline page and"
        " /config.json to S3, and have CloudFront serve them. See docs/deploy.md."
    )
    # It needs no database, and what is not safe for a server does not matter here.
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_argument_group(
            "where to (flags win over --outputs, and that over the environment)"
        )
        where.add_argument("--bucket", help="the bucket's name (AWS_S3_BUCKET)")
        where.add_argument("--prefix", help="what all keys begin with (AWS_S3_PREFIX)")
        where.add_argument(
            "--distribution", help="the CloudFront distribution's id (AWS_CLOUDFRONT_DISTRIBUTION)"
        )
        where.add_argument(
            "--url", help="the site's address, for /config.json and the smoke test (PUBLIC_URL)"
        )
        where.add_argument("--region", help="the bucket's region (AWS_REGION)")
        where.add_argument(
            "--outputs",
            metavar="FILE",
            help="take these from `terraform output -json`; - reads standard input",
        )
        what = parser.add_argument_group("what to do")
        what.add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
        what.add_argument("--prune", action="store_true", help="remove files that have long been stale")
        what.add_argument(
            "--prune-age",
            type=_number(0, 36500),
            metavar="DAYS",
            default=7,
            help="how long they must have been stale (7)",
        )
        what.add_argument("--destroy", action="store_true", help="remove all that was exported")
        what.add_argument("--yes", action="store_true", help="do not ask before --destroy")
        what.add_argument("--no-input", "--noinput", action="store_true", help="ask nothing, refuse instead")
        what.add_argument("--no-smoke", action="store_true", help="do not look at the site afterwards")
        what.add_argument("--jobs", type=_number(1, 64), default=8, help="how many files at a time (8)")
        what.add_argument(
            "--wait",
            type=_number(1, 86400),
            metavar="SECONDS",
            default=PATIENCE,
            help=f"how long to wait for CloudFront ({PATIENCE})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = target_of(options)
            if options["destroy"]:
                self._destroy(target, options)
            else:
                export(target, _wishes(options), self.stdout)  # type: ignore[arg-type]
        except Refused as error:
            raise CommandError(str(error)) from error
        except Unsound as error:
            raise CommandError(str(error), returncode=UNSOUND) from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {AGAIN}", returncode=INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read along has gone; nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None

    def _destroy(self, target: Target, options: dict[str, Any]) -> None:
        for flag in ("dry_run", "prune"):
            if options[flag]:
                raise Refused(f"--destroy and --{flag.replace('_', '-')} do not go together.")

        def confirm(word: str) -> bool:
            if options["yes"]:
                return True
            if options["no_input"]:
                raise Refused("--destroy asks before it removes anything: say --yes where nobody can answer.")
            try:
                return input(f"Type the bucket's name ({word}) to remove them: ").strip() == word
            except EOFError:
                raise Refused("Nobody answered: say --yes where nobody can. Nothing was removed.") from None

        if not destroy(target, confirm, self.stdout, options["wait"]):  # type: ignore[arg-type]
            raise Refused("That is not the bucket's name. Nothing was removed.")


def _wishes(options: dict[str, Any]) -> Wishes:
    return Wishes(
        dry_run=options["dry_run"],
        prune_age=options["prune_age"] if options["prune"] else None,
        smoke=not options["no_smoke"],
        patience=options["wait"],
        all_names=options["verbosity"] > 1,
    )


def _number(least: int, most: int) -> Any:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
            raise ArgumentTypeError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read
