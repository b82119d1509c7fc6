"""From files to a site that serves them; each step may be the last one before the power fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO

from botocore.exceptions import ClientError

from deploy.export import cors, smoke
from deploy.export.aws import Clients, explained, told
from deploy.export.bucket import Bucket, Listed
from deploy.export.collect import UNHASHED, collect
from deploy.export.errors import Unsound
from deploy.export.files import File, human
from deploy.export.front import PATIENCE, Front
from deploy.export.plan import Plan, planned
from deploy.export.progress import Progress
from deploy.export.record import Entry, Record, entry_of, recorded
from deploy.export.report import tell_plan
from deploy.export.target import Target
from deploy.export.upload import in_parallel, upload

# So many repaired files are forgotten by one pattern: CloudFront takes money for each path.
_MOST_PATHS = 20


@dataclass(frozen=True)
class Wishes:
    """What the command was asked for besides exporting."""

    dry_run: bool = False
    # Remove what has been stale for so many days.
    prune_age: int | None = None
    smoke: bool = True
    # How long to wait for CloudFront, in seconds.
    patience: float = PATIENCE
    all_names: bool = False


def export(target: Target, wishes: Wishes, out: IO[str]) -> None:
    """Bring the bucket to what this version exports, and the site to what is in the bucket.

    1. What will be written, and which paths CloudFront must forget, is noted in the bucket.
    2. Files go up, none before those it names.
    3. What was written is noted, old files are removed if asked for.
    4. CloudFront forgets, and the note of it goes.
    5. The site is asked for what was exported.
    Run again after an end in the midst of it, the same steps do what is left. Raises `Refused`, and
    `Unsound` when the site serves something else.
    """
    clients = Clients(target)
    with told(target):
        bucket, front = places(clients, target)
        listing, record = bucket.listing(), recorded(bucket)
    out.write("Collecting static files...\n")
    out.flush()
    files = collect(target.url)
    with told(target):
        plan = planned(files, listing, record, bucket, target.jobs)
        if record.lost and any(key in listing for key in (*plan.unchanged, *plan.stale)):
            out.write(
                f"The record of earlier exports {record.lost}; the files themselves say what they are.\n"
            )
        tell_plan(out, target, plan, all_names=wishes.dry_run or wishes.all_names, prune_age=wishes.prune_age)
        if wishes.dry_run:
            out.write("Nothing was changed (--dry-run).\n")
            return
        _allow_other_origins(bucket, target, out)
        _bring(bucket, front, listing, record, plan, target, wishes, out)
        if front and record.pending:
            _forget(bucket, front, record, wishes.patience, out)
    _summary(files, target, front, wishes, out)


def places(clients: Clients, target: Target) -> tuple[Bucket, Front | None]:
    bucket = Bucket(clients.s3, target.bucket, target.prefix)
    if not target.distribution:
        return bucket, None
    return bucket, Front(clients.cloudfront, target.distribution, target.bucket, target.prefix)


def _bring(
    bucket: Bucket,
    front: Front | None,
    listing: dict[str, Listed],
    record: Record,
    plan: Plan,
    target: Target,
    wishes: Wishes,
    out: IO[str],
) -> None:
    """Upload and prune, with the record ahead of what is written and behind what is there."""
    pending = record.pending | _changed_paths(front, listing, record, plan) if front else set()
    pruned = plan.old_enough(wishes.prune_age) if wishes.prune_age is not None else []
    files = {**plan.unchanged, **plan.stale}
    # ETags that other servers word in their own way are no reason to write.
    same = {key: entry.stale for key, entry in files.items()} == {
        key: entry.stale for key, entry in record.files.items()
    }
    if not plan.uploads and not pruned and same and pending == record.pending and not record.lost:
        out.write("Nothing to upload.\n")
        return
    record.files, record.pending = files, pending
    if plan.uploads:
        intended = {file.key: replace(entry_of(file, ""), size=0) for file in plan.uploads}
        bucket.put(Record({**files, **intended}, pending).file())
        progress = Progress(out, "Uploaded", len(plan.uploads), sum(file.size for file in plan.uploads))
        try:
            record.files |= upload(bucket, plan.uploads, target.jobs, progress)
        finally:
            progress.end()
    if pruned:
        remove(bucket, {key: record.files[key] for key in pruned}, listing, target.jobs, out)
        for key in pruned:
            del record.files[key]
    bucket.put(record.file())


def remove(
    bucket: Bucket, entries: dict[str, Entry], listing: dict[str, Listed], jobs: int, out: IO[str]
) -> None:
    """Delete objects that are still what this command has written; what others have put there stays."""
    foreign: list[str] = []
    progress = Progress(out, "Removed", len(entries))

    def delete(key: str) -> None:
        if is_ours(bucket, key, entries[key], listing[key]):
            bucket.delete(key)
        else:
            foreign.append(key)
        progress.step(key)

    try:
        in_parallel(delete, entries, jobs)
    finally:
        progress.end()
    for key in sorted(foreign):
        out.write(f"Left alone, as somebody else has written it: {key}\n")


def is_ours(bucket: Bucket, key: str, entry: Entry, listed: Listed) -> bool:
    if entry.agrees(listed):
        return True
    found = bucket.fetch(key)
    return found is not None and found.sha256 == entry.sha256


def _changed_paths(front: Front, listing: dict[str, Listed], record: Record, plan: Plan) -> set[str]:
    """Return what CloudFront may know otherwise."""
    keys = {file.key for file in plan.uploads if not file.immutable}
    # A hashed name that had another content was damaged; visitors would keep that for a year.
    repaired = {file.key for file in plan.changed if file.immutable}
    keys |= repaired if len(repaired) <= _MOST_PATHS else {"static/*"}
    if record.lost:
        # Whether an earlier run came so far is not known.
        keys |= {key for key in UNHASHED if key in listing}
    return set(front.paths(keys))


def _forget(bucket: Bucket, front: Front, record: Record, patience: float, out: IO[str]) -> None:
    paths = sorted(record.pending)
    out.write(f"CloudFront forgets {', '.join(paths)}...\n")
    out.flush()
    front.wait(front.forget(paths), patience)
    record.pending = set()
    bucket.put(record.file())


def _allow_other_origins(bucket: Bucket, target: Target, out: IO[str]) -> None:
    if not cors.needed():
        return
    try:
        if not cors.is_allowed(bucket):
            cors.allow(bucket)
            out.write("The bucket lets pages of other origins load its files now (CORS).\n")
    except ClientError as error:
        # A distribution can send the header without the bucket's help; the smoke test sees whether it does.
        why = explained(error, target)
        out.write(f"Whether pages of other origins may load the files (CORS) is not sure: {why}\n")


def _summary(files: list[File], target: Target, front: Front | None, wishes: Wishes, out: IO[str]) -> None:
    url = target.url or (f"https://{front.domain}" if front and front.domain else "")
    out.write(f"Exported: {len(files)} files, {human(sum(file.size for file in files))}.\n")
    if not url:
        out.write("Where visitors find them was not said (--url or PUBLIC_URL), so nobody looked.\n")
        return
    out.write(f"The site: {url}\n")
    if wishes.smoke:
        _look(url, smoke.sample(files), sure=bool(target.url), tell=out.write)


def _look(url: str, files: list[File], *, sure: bool, tell: Callable[[str], object]) -> None:
    try:
        wrong = smoke.problems(url, files)
    except smoke.NoAnswer as error:
        text = f"The smoke test could not be made, as nobody answers ({error})."
        if sure and not error.unknown:
            raise Unsound(text) from None
        # The name is not known yet, or is the distribution's own and this machine has no way there.
        tell(f"{text}\n")
        return
    if wrong:
        raise Unsound(f"Exported, but the site serves something else: {'; '.join(wrong[:5])}.")
    tell(f"Smoke test: {len(files)} files are as they were exported.\n")
