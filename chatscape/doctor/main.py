"""The command itself: it needs no settings, and does not end before it has said what it found."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TextIO

from chatscape.doctor.examination import Check, Options, examine
from chatscape.doctor.findings import Finding
from chatscape.doctor.report import Paper, as_json
from chatscape.doctor.start import Start, start

TITLES = {
    "configuration": "Configuration",
    "machine": "Machine",
    "storage": "Storage",
    "database": "Database",
    "redis": "Redis",
    "static": "Static files",
    "mail": "Mail",
    "providers": "Sign-in providers",
    "public": "Public address",
    "clock": "Clock",
    "aws": "AWS",
}


def main(arguments: Sequence[str], out: TextIO | None = None) -> int:
    """Look at everything, or at what was asked for, and return 1 when something is broken, else 0."""
    out = out or sys.stdout
    asked = parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
    _quiet()
    begun = start()
    return tell(begun, asked, out)


def tell(begun: Start, asked: argparse.Namespace, out: TextIO) -> int:
    checks = _checks(begun)
    paper = None if asked.json else Paper(out, TITLES, colour=False if asked.no_color else None)
    found: list[Finding] = []

    def add(finding: Finding) -> None:
        finding = begun.veil.over(finding)
        found.append(finding)
        if paper:
            paper.write(finding)

    wanted = asked.only or list(TITLES)
    for each in begun.findings:
        add(replace(each, check="configuration"))
    options = Options(deep=asked.deep, mail_to=asked.mail or "", broken=frozenset(begun.broken))
    for each in examine([check for check in checks if check.name in wanted], options):
        add(each)
    if paper:
        paper.end()
    else:
        out.write(as_json(found) + "\n")
    out.flush()
    return int(any(each.level == "error" for each in found))


def _checks(begun: Start) -> Sequence[Check]:
    if begun.ready:
        from chatscape.doctor.checks import CHECKS

        return CHECKS
    from chatscape.doctor import machine

    # What needs no settings.
    return [Check("machine", machine.look)]


def parser(parser: argparse.ArgumentParser | None = None) -> argparse.ArgumentParser:
    parser = parser or argparse.ArgumentParser(
        prog="manage.py doctor", description="Look at everything ChatScape needs, and say how to mend it."
    )
    parser.add_argument("--json", action="store_true", help="print findings for programs")
    parser.add_argument(
        "--only", nargs="+", choices=list(TITLES), metavar="PART", help=f"some parts: {', '.join(TITLES)}"
    )
    parser.add_argument("--deep", action="store_true", help="look at every row of the database, too")
    parser.add_argument("--mail", metavar="ADDRESS", help="send one mail there")
    if not any("--no-color" in each.option_strings for each in parser._actions):
        parser.add_argument("--no-color", action="store_true", help="no colours")
    return parser


def _quiet() -> None:
    """Leave talking to the findings."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
