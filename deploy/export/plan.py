"""What an export would change in a bucket."""

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploy.export.bucket import Bucket, Listed
from deploy.export.collect import UNHASHED
from deploy.export.files import File
from deploy.export.record import KEY, Entry, Record, entry_of, now, seen

_HASH = re.compile(r"[0-9a-f]{32}")


@dataclass
class Plan:
    """Files by what happens to them, and what is ours in the bucket without being exported any more."""

    added: list[File] = field(default_factory=list)
    changed: list[File] = field(default_factory=list)
    unchanged: dict[str, Entry] = field(default_factory=dict)
    stale: dict[str, Entry] = field(default_factory=dict)

    @property
    def uploads(self) -> list[File]:
        return [*self.added, *self.changed]

    def old_enough(self, days: int) -> list[str]:
        """Return what has been stale for so long that nobody has a page that names it."""
        until = datetime.now(UTC) - timedelta(days=days)
        return [key for key, entry in self.stale.items() if entry.stale_since() <= until]


def planned(
    files: Iterable[File],
    listing: Mapping[str, Listed],
    record: Record,
    bucket: Bucket,
    jobs: int,
) -> Plan:
    """Compare the files with the bucket. An object is asked about itself only when nothing else tells."""
    files = list(files)
    plan, doubtful = Plan(), []
    for file in files:
        listed = listing.get(file.key)
        if listed is None:
            plan.added.append(file)
        elif entry := _known(file, listed, record.files.get(file.key)):
            plan.unchanged[file.key] = entry
        elif _is_other(file, listed, record.files.get(file.key)):
            plan.changed.append(file)
        else:
            doubtful.append(file)

    def look(file: File) -> File | None:
        entry, listed = record.files.get(file.key), listing[file.key]
        # Nobody remembers what was written, and this looks like the hash of another content: only that tells.
        if not (entry and entry.etag) and listed.etag != file.md5 and _HASH.fullmatch(listed.etag):
            return bucket.fetch(file.key)
        # Not all servers keep what an object says of itself.
        return bucket.describe(file.key) or bucket.fetch(file.key)

    with ThreadPoolExecutor(jobs) as pool:
        for file, found in zip(doubtful, pool.map(look, doubtful), strict=True):
            if found and seen(found) == seen(file):
                listed = listing[file.key]
                plan.unchanged[file.key] = Entry(*seen(file), listed.etag, listed.size)
            else:
                plan.changed.append(file)
        keys = {file.key for file in files} | {KEY}
        others = {key: listed for key, listed in listing.items() if key not in keys}
        plan.stale = _stale(others, record, bucket, pool)
    return plan


def _known(file: File, listed: Listed, entry: Entry | None) -> Entry | None:
    """Return the entry of an object that is the file already, if record, listing and content all say so."""
    if entry and entry.describes(file) and entry.agrees(listed) and listed.etag == file.md5:
        return entry_of(file, listed.etag)
    return None


def _is_other(file: File, listed: Listed, entry: Entry | None) -> bool:
    """Say whether size or ETag tell that the object is not the file, whatever it says of itself."""
    if listed.etag == file.md5:
        return False
    if listed.size != file.size and not file.encoding:
        return True
    return bool(entry and entry.etag and listed.etag and listed.etag != entry.etag)


def _stale(
    others: Mapping[str, Listed], record: Record, bucket: Bucket, pool: ThreadPoolExecutor
) -> dict[str, Entry]:
    """Return what is ours among objects that are not exported, each with the time since when."""
    found = {key: record.files[key] for key in others if key in record.files}
    if record.lost:
        # Nobody remembers: what could be ours says itself whether it is, and is stale from now on.
        asked = [key for key in others if key.startswith("static/") or key in UNHASHED]
        for key, file in zip(asked, pool.map(bucket.describe, asked), strict=True):
            if file:
                found[key] = Entry(*seen(file), others[key].etag, others[key].size)
    return {
        key: entry if entry.stale else Entry(**{**vars(entry), "stale": now()})
        for key, entry in found.items()
    }
