"""Show what was found: to people, in colour where there is some, or to programs."""

import json
import os
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

from chatscape.doctor.findings import Finding

WIDEST = 80
COLOURS = {"ok": "32", "warning": "33", "error": "31"}
_MARGIN = 10


def as_json(findings: Iterable[Finding]) -> str:
    found = [
        {"check": each.check, "level": each.level, "text": each.text, "mend": each.mend} for each in findings
    ]
    return json.dumps(
        {"ok": not any(each["level"] == "error" for each in found), "findings": found}, indent=1
    )


class Paper:
    """Writes findings as they come, under the title of their part."""

    def __init__(self, out: TextIO, titles: Mapping[str, str], *, colour: bool | None = None) -> None:
        self.out, self.titles = out, titles
        self.colour = out.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self.width = min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
        self.counts: Counter[str] = Counter()
        self._title = ""

    def write(self, finding: Finding) -> None:
        title = self.titles.get(finding.check, finding.check)
        if title != self._title:
            self.out.write(f"{self._bold(title)}\n" if not self._title else f"\n{self._bold(title)}\n")
            self._title = title
        self.counts[finding.level] += 1
        lead = f"  {self._coloured(finding.level)}{' ' * (_MARGIN - 2 - len(finding.level))}"
        self.out.write(lead + self._wrapped(finding.text, " " * _MARGIN))
        if finding.mend:
            self.out.write(" " * _MARGIN + "-> " + self._wrapped(finding.mend, " " * (_MARGIN + 3)))
        self.out.flush()

    def end(self) -> None:
        errors, warnings = self.counts["error"], self.counts["warning"]
        if not (errors or warnings):
            self.out.write("\nEverything is fine.\n")
            return
        words = [
            f"{number} {word}{'s'[: number != 1]}"
            for number, word in ((errors, "error"), (warnings, "warning"))
        ]
        self.out.write(f"\n{words[0]}, {words[1]}, {self.counts['ok']} fine.\n")

    def _wrapped(self, text: str, indent: str) -> str:
        # Commands and addresses are to be copied: they are not broken.
        lines = textwrap.wrap(
            # Whatever answers somewhere must not write to the terminal as it likes.
            "".join(each if each.isprintable() else "?" for each in " ".join(text.split())),
            max(self.width - len(indent), 20),
            break_long_words=False,
            break_on_hyphens=False,
        )
        return f"\n{indent}".join(lines) + "\n"

    def _coloured(self, level: str) -> str:
        return f"\x1b[{COLOURS[level]}m{level}\x1b[0m" if self.colour else level

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text
