"""What a backup says of itself: at its start how it was made, at its end what must be in it."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from chatscape.backup import BackupError
from chatscape.backup.tables import State

FORMAT = 1
ABOUT, MANIFEST, KEY = "about.json", "manifest.json", "secret_key"
TABLES, FILES = "tables/", "files/"
_NAME = re.compile(r"[a-z0-9_]{1,63}")


@dataclass(frozen=True)
class About:
    """The first file of a backup: which code and database it is of, and the columns of its tables.

    `key` says where the server's secret key is: in the backup ("included"), in its environment
    ("environment"), or "left out". `key_check` tells whether another key is the same.
    """

    version: str
    created: str
    engine: str
    migrations: State
    columns: dict[str, list[str]]
    key: str
    key_check: str
    left_out: list[str] = field(default_factory=list)
    format: int = FORMAT

    def to_json(self) -> bytes:
        return _json(asdict(self))


@dataclass(frozen=True)
class Part:
    """What a table or a file must be: rows or bytes, and their hash."""

    count: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The last file of a backup: without it, it is not whole."""

    about: About
    tables: dict[str, Part]
    files: dict[str, Part]

    @property
    def rows(self) -> int:
        return sum(part.count for part in self.tables.values())

    def to_json(self) -> bytes:
        return _json(asdict(self))


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode("ascii") + b"\n"


def about_from(data: bytes) -> About:
    """Read the first file. Raises `BackupError` for one of newer code, or none of ours."""
    return _about(_object(data))


def manifest_from(data: bytes) -> Manifest:
    """Read the last file. Raises `BackupError` when it is none."""
    value = _object(data)
    try:
        return Manifest(_about(value["about"]), _parts(value["tables"]), _parts(value["files"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _unreadable() from error


def _about(value: Any) -> About:
    try:
        if value["format"] != FORMAT:
            raise BackupError(
                f"The backup has format {value['format']!r:.20}; this code reads format {FORMAT}."
            )
        columns = {name: list(columns) for name, columns in value["columns"].items()}
        if not all(_NAME.fullmatch(name) for name in columns):
            raise _unreadable()
        return About(
            version=str(value["version"]),
            created=str(value["created"]),
            engine=str(value["engine"]),
            migrations=[(str(app), str(name)) for app, name in value["migrations"]],
            columns=columns,
            key=str(value["key"]),
            key_check=str(value["key_check"]),
            left_out=[str(name) for name in value["left_out"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable() from error


def _parts(value: dict[str, Any]) -> dict[str, Part]:
    return {name: Part(int(part["count"]), str(part["sha256"])) for name, part in value.items()}


def _object(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable() from error


def _unreadable() -> BackupError:
    return BackupError("The backup is damaged: what it says of itself cannot be read.")
