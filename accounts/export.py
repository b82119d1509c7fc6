"""Everything the server keeps about a person, as a file they can take along."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from accounts.personal import PERSONAL, rows_of

IN_MEMORY_MOST = 4 * 1024 * 1024
README = """Your data on this ChatScape server.

Each file holds one kind of it, as JSON: a list of objects. Times are in UTC.
message.json has all messages that you can read in your conversations, your own and those of others.
Passwords, keys and codes are left out: they are of no use elsewhere.
"""


def export_person(person: User) -> IO[bytes]:
    """Return a zip file, open for reading, with one JSON file a table; it is written row by row."""
    # The caller reads and closes it.
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_MOST)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        for label in PERSONAL:
            with archive.open(f"{label.partition('.')[2].lower()}.json", "w") as entry:
                for text in _as_json(rows_of(person, label).iterator(chunk_size=500)):
                    entry.write(text.encode())
    file.seek(0)
    return file


def _as_json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        _keep_back(row)
        yield before + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _keep_back(row: dict[str, Any]) -> None:
    """Leave out of a report what messages of others said before they were edited: moderators alone see it."""
    for message in row.get("evidence", {}).get("messages", ()):
        message.pop("before", None)
