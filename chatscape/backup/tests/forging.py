"""Backups that are not what they say."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

from chatscape.backup.archive import Writer

# Made by this code; what comes later must be able to read it for ever.
FIRST = Path(__file__).parent / "data" / "chatscape-0.1.0.tar.gz"
Members = Iterable[tuple[str, bytes]]


def rewrite(file: Path, to: Path, change: Callable[[Members], Members], *, say_so: bool = True) -> None:
    """Write a backup anew with other contents, and with hashes that are right if `say_so`."""
    with tarfile.open(file) as archive:
        members = [(info.name, archive.extractfile(info).read()) for info in archive]
    members = list(change(members))
    if say_so:
        manifest = json.loads(dict(members)["manifest.json"])
        for name in manifest["tables"]:
            rows = b"".join(data for path, data in members if path.startswith(f"tables/{name}/"))
            manifest["tables"][name] = {
                "count": rows.count(b"\n"),
                "sha256": hashlib.sha256(rows).hexdigest(),
            }
        members = [
            (name, json.dumps(manifest).encode() if name == "manifest.json" else data)
            for name, data in members
        ]
    out = io.BytesIO()
    writer = Writer(out, 0)
    for name, data in members:
        writer.add(name, data)
    writer.end()
    to.write_bytes(gzip.compress(out.getvalue()))
