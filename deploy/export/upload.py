"""Many objects at a time, a bounded number of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from deploy.export.bucket import Bucket
from deploy.export.files import File
from deploy.export.order import steps
from deploy.export.progress import Progress
from deploy.export.record import Entry, entry_of

T = TypeVar("T")


def upload(bucket: Bucket, files: Iterable[File], jobs: int, progress: Progress) -> dict[str, Entry]:
    """Write the files, each step when all of the one before are there, and return what was written.

    The first failure ends it: what names a file that did not arrive must not be there.
    """
    written: dict[str, Entry] = {}

    def put(file: File) -> None:
        written[file.key] = entry_of(file, bucket.put(file))
        progress.step(file.key, file.size)

    for step in steps(files):
        in_parallel(put, step, jobs)
    return written


def in_parallel(work: Callable[[T], object], things: Iterable[T], jobs: int) -> None:
    """Do something to each thing, some at a time. Raises the first error; then what waits is not begun."""
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(work, thing) for thing in things]
        done, _waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
    finally:
        # What has begun ends by itself: on Ctrl-C nobody waits for more than that.
        pool.shutdown(wait=True, cancel_futures=True)
