"""What this command has put into a bucket: written there before and after each change.

It is a memory, not a proof. What it says of an object counts only as far as the listing agrees; without it
objects say themselves what they are. It alone knows since when something is stale.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.export.bucket import Bucket, Listed
from deploy.export.files import REVALIDATED, File, plain

KEY = ".deploy.json"
_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One object of ours. Without an ETag it was about to be written."""

    sha256: str
    type: str
    cache: str
    encoding: str = ""
    etag: str = ""
    size: int = 0
    # When a deployment first did without it (ISO 8601), or "".
    stale: str = ""

    def describes(self, file: File) -> bool:
        """Say whether this is the file, as browsers see it."""
        return (self.sha256, self.type, self.cache, self.encoding) == seen(file)

    def agrees(self, listed: Listed) -> bool:
        """Say whether the object is the one that was written."""
        return bool(self.etag) and (self.etag, self.size) == (listed.etag, listed.size)

    def stale_since(self) -> datetime:
        return datetime.fromisoformat(self.stale)


@dataclass
class Record:
    """All objects of ours, and paths that CloudFront must still forget."""

    files: dict[str, Entry] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    # Why there is no memory, if there is none.
    lost: str = ""

    def file(self) -> File:
        """Return it as a file to write."""
        text = {
            "about": "Written by manage.py deploy: what it has put here. Do not edit.",
            "version": _VERSION,
            "pending": sorted(self.pending),
            "files": {key: asdict(self.files[key]) for key in sorted(self.files)},
        }
        return plain(KEY, json.dumps(text, indent=1).encode(), cache=REVALIDATED)


def entry_of(file: File, etag: str) -> Entry:
    return Entry(*seen(file), etag, file.size)


def seen(file: File) -> tuple[str, str, str, str]:
    """Return what browsers see of a file."""
    return file.sha256, file.type, file.cache, file.encoding


def recorded(bucket: Bucket) -> Record:
    """Return what is remembered of a bucket, or a record that says why nothing is."""
    text = bucket.read(KEY)
    if text is None:
        return Record(lost="is missing")
    try:
        return _parsed(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Record(lost="is damaged")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _parsed(found: Mapping[str, Any]) -> Record:
    if found["version"] != _VERSION:
        raise ValueError
    files = {str(key): Entry(**each) for key, each in found["files"].items()}
    for entry in files.values():
        if not all(isinstance(value, str) for name, value in asdict(entry).items() if name != "size"):
            raise TypeError
        # Times without a zone cannot be compared.
        if type(entry.size) is not int or (entry.stale and entry.stale_since().tzinfo is None):
            raise ValueError
    pending = found["pending"]
    if not isinstance(pending, list) or not all(
        isinstance(path, str) and path[:1] == "/" for path in pending
    ):
        raise ValueError
    return Record(files, set(pending))
