"""Where backups go: a file or folder, standard output, or a bucket. What has another name is not whole."""

import errno
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from chatscape.backup import BackupError

NAME = re.compile(r"chatscape-\d{8}T\d{6}Z\.tar\.gz(\.age)?")
PARTIAL = ".chatscape-backup-"
# One of a run that was killed; no other takes that long.
STALE = 24 * 60 * 60
STANDARD = "-"
BUCKET = "s3://"


def name_now(*, encrypted: bool) -> str:
    return datetime.now(UTC).strftime("chatscape-%Y%m%dT%H%M%SZ.tar.gz") + (".age" if encrypted else "")


def path_for(output: str, *, encrypted: bool) -> Path:
    """Return the file to write: the one named, or one named after this moment in the folder named."""
    path = Path(output)
    if output.endswith("/") or path.is_dir() or not path.suffix:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path /= name_now(encrypted=encrypted)
    if path.exists():
        raise BackupError(f"{path} is there already.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.")
    return path


@contextmanager
def becoming(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that has its name when all went well, and is gone otherwise. Nobody else may read it."""
    handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(partial, path)
    except FileExistsError as error:
        raise BackupError(f"{path} is there already.") from error
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(folder)


def _name(partial: Path, path: Path) -> None:
    """Give a file its name. Raises `FileExistsError` when another has it."""
    try:
        # Unlike renaming, this replaces nothing.
        os.link(partial, path)
    except OSError as error:
        # Disks for carrying about and some shares know no second name for a file.
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        if path.exists():
            raise FileExistsError from error
        partial.rename(path)


def keep_newest(folder: Path, number: int) -> list[str]:
    """Delete all but the newest backups in a folder and return their names; delete what killed runs left."""
    for partial in folder.glob(f"{PARTIAL}*"):
        if time.time() - partial.stat().st_mtime > STALE:
            partial.unlink(missing_ok=True)
    # Their names sort as they were made.
    found = sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file())
    old = found[:-number] if number else []
    for name in old:
        (folder / name).unlink()
    return old


def hand_out(file: BinaryIO, out: BinaryIO | None = None) -> None:
    """Copy a finished backup to standard output."""
    file.seek(0)
    out = out or sys.stdout.buffer
    shutil.copyfileobj(file, out, 1024 * 1024)
    out.flush()


def upload(file: BinaryIO, url: str) -> None:
    """Put a finished backup into a bucket, in parts when it is large; each is checked on arrival."""
    bucket, key = _address(url)
    file.seek(0)
    with _plainly(url):
        client = _client()
        # Buckets with locks demand it; over TLS it follows the body, which servers other than Amazon's may
        # refuse, or keep as a part of it. There the signature has the hash.
        more = {"ChecksumAlgorithm": "SHA256"} if _is_amazon(client) else {}
        client.upload_fileobj(file, bucket, key, ExtraArgs=more)


@contextmanager
def given(name: str) -> Iterator[BinaryIO]:
    """Yield the backup of that name; what is not a file here is copied to one that is gone afterwards."""
    if name != STANDARD and not name.startswith(BUCKET):
        if not Path(name).is_file():
            raise BackupError(f"There is no file {name}.")
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.NamedTemporaryFile() as copy:
        if name == STANDARD:
            shutil.copyfileobj(sys.stdin.buffer, copy, 1024 * 1024)
        else:
            bucket, key = _address(name)
            with _plainly(name):
                _client().download_fileobj(bucket, key, copy)
        copy.flush()
        copy.seek(0)
        yield cast(BinaryIO, copy.file)


def s3_name(output: str, *, encrypted: bool) -> str:
    """Return the address to upload to: with a slash at its end it is a folder."""
    _address(f"{output}x" if output.endswith("/") else output)
    return output + name_now(encrypted=encrypted) if output.endswith("/") else output


def _address(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if not parts.netloc or not parts.path.strip("/"):
        raise BackupError(f"{url}: must be like s3://bucket/folder/ or s3://bucket/name")
    return parts.netloc, parts.path.lstrip("/")


def _client() -> Any:
    import boto3
    from botocore.config import Config

    # Where it has found its configuration is of no interest.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    config: Any = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": True},
    )
    return boto3.client("s3", config=config)


def _is_amazon(client: Any) -> bool:
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"))


@contextmanager
def _plainly(url: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise BackupError(f"{url}: {error.response['Error'].get('Message') or 'refused'}.") from error
    except (Boto3Error, BotoCoreError) as error:
        raise BackupError(f"{url}: {' '.join(str(error).split())}") from error
