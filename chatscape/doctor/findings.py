"""What a check has to say, without anything that is secret."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from chatscape.variables import KNOWN

Level = Literal["ok", "warning", "error"]
# Shorter words are in every text.
SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and how to mend it unless it is fine."""

    level: Level
    text: str
    mend: str = ""
    check: str = ""


Findings = Iterator[Finding]


def ok(text: str) -> Finding:
    return Finding("ok", text)


def warning(text: str, mend: str) -> Finding:
    return Finding("warning", text, mend)


def error(text: str, mend: str) -> Finding:
    return Finding("error", text, mend)


class Veil:
    """Covers secrets, wherever libraries may have put them into their words."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(
            {each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True
        )

    def over(self, finding: Finding) -> Finding:
        return replace(finding, text=self.cover(finding.text), mend=self.cover(finding.mend))

    def cover(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def secrets_here(keys: Iterable[Path] = ()) -> Iterator[str]:
    """Return what must not be shown of the environment, and of files with secrets in them."""
    files = [Path(path) for path in keys]
    for name, variable in KNOWN.items():
        if not variable.secret:
            continue
        if path := os.environ.get(f"{name}_FILE"):
            files.append(Path(path))
        yield from _parts(os.environ.get(name, ""))
    for file in files:
        try:
            yield from _parts(file.read_text())
        except (OSError, ValueError):
            continue


def _parts(value: str) -> Iterator[str]:
    value = value.strip()
    yield value
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return
    yield from (password, unquote(password))
