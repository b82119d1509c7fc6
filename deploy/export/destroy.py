"""The way back: what was exported goes, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from botocore.exceptions import ClientError

from deploy.export import cors
from deploy.export.aws import Clients, explained, told
from deploy.export.bucket import Bucket, Listed
from deploy.export.collect import UNHASHED
from deploy.export.exporting import places, remove
from deploy.export.files import human
from deploy.export.front import PATIENCE, Front
from deploy.export.plan import planned
from deploy.export.progress import Progress
from deploy.export.record import KEY, Entry, recorded
from deploy.export.target import Target
from deploy.export.upload import in_parallel


@dataclass
class Found:
    """What an export has left in a bucket."""

    bucket: Bucket
    front: Front | None
    listing: dict[str, Listed]
    entries: dict[str, Entry]
    # Keys with the ids of their versions, where the bucket keeps versions.
    versions: list[tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.entries or self.versions or KEY in self.listing)


def destroy(target: Target, confirm: Callable[[str], bool], out: IO[str], patience: float = PATIENCE) -> bool:
    """Remove all that was exported once `confirm` has said yes to it; returns whether it did.

    The record goes last: after an end in the midst of it, the same command does what is left.
    """
    clients = Clients(target)
    with told(target):
        found = _found(clients, target)
        if not found:
            out.write(f"Nothing of an export is in s3://{target.bucket}/{target.prefix}.\n")
            return True
        size = sum(entry.size for entry in found.entries.values())
        kept = f" ({len(found.versions)} versions)" if found.versions else ""
        out.write(f"To remove from s3://{target.bucket}/{target.prefix}:\n")
        out.write(f"  {len(found.entries)} files, {human(size)}{kept}; visitors lose them at once.\n")
    if not confirm(target.bucket):
        return False
    with told(target):
        _remove(found, target, out, patience)
    out.write("Removed.\n")
    return True


def _found(clients: Clients, target: Target) -> Found:
    bucket, front = places(clients, target)
    listing, record = bucket.listing(), recorded(bucket)
    # With nothing to export, whatever is ours is stale.
    stale = planned([], listing, record, bucket, target.jobs).stale
    return Found(bucket, front, listing, stale, _versions(bucket, target.jobs))


def _remove(found: Found, target: Target, out: IO[str], patience: float) -> None:
    bucket, front = found.bucket, found.front
    if found.versions:
        progress = Progress(out, "Removed", len(found.versions))

        def delete(version: tuple[str, str]) -> None:
            bucket.delete_version(*version)
            progress.step(version[0])

        try:
            in_parallel(delete, [each for each in found.versions if each[0] != KEY], target.jobs)
        finally:
            progress.end()
    else:
        remove(bucket, found.entries, found.listing, target.jobs, out)
    try:
        cors.undo(bucket)
    except ClientError as error:
        # Who never needed the rule need not be permitted to look for it.
        if cors.needed():
            out.write(f"The bucket's CORS rule stays: {explained(error, target)}\n")
    if front:
        out.write("CloudFront forgets them...\n")
        front.wait(front.forget(front.paths([*UNHASHED, "static/*"])), patience)
    for key, version in found.versions:
        if key == KEY:
            bucket.delete_version(key, version)
    if not found.versions and KEY in found.listing:
        bucket.delete(KEY)


def _versions(bucket: Bucket, jobs: int) -> list[tuple[str, str]]:
    """Return all versions that this command has written, and the marks that hide them."""
    if not bucket.is_versioned():
        return []
    candidates = [each for each in bucket.versions() if _could_be_ours(each[0])]
    ours: list[tuple[str, str]] = []

    def look(version: tuple[str, str]) -> None:
        # Somebody's file that had the name before stays.
        if bucket.describe(*version):
            ours.append(version)

    in_parallel(look, [(key, version) for key, version, is_mark in candidates if not is_mark], jobs)
    keys = {key for key, _version in ours}
    marks = [(key, version) for key, version, is_mark in candidates if is_mark and key in keys]
    return [*marks, *ours]


def _could_be_ours(key: str) -> bool:
    return key.startswith("static/") or key in (*UNHASHED, KEY)
