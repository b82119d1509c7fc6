"""The objects under one prefix of one bucket; no other is touched."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError
from botocore.parsers import ResponseParserError

from deploy.export.aws import code_of
from deploy.export.files import File
from deploy.export.variants import unpacked

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

T = TypeVar("T")
_NOT_THERE = ("404", "NoSuchKey", "NotFound", "NoSuchVersion")
# Says of an object that it is ours, and what is in it.
MARK = "sha256"


@dataclass(frozen=True)
class Listed:
    """What a listing says of an object."""

    size: int
    etag: str


class Bucket:
    """One bucket's objects whose keys begin with the prefix; keys are given without it."""

    def __init__(self, client: "S3Client", name: str, prefix: str) -> None:
        self.client = client
        self.name = name
        self.prefix = prefix

    def listing(self) -> dict[str, Listed]:
        return _again(self._listing)

    def _listing(self) -> dict[str, Listed]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
        return {
            each["Key"].removeprefix(self.prefix): Listed(each["Size"], _plain(each.get("ETag", "")))
            for page in pages
            for each in page.get("Contents", ())
            if each["Key"].startswith(self.prefix)
        }

    def read(self, key: str) -> bytes | None:
        """Return an object's content, or None when there is none."""
        found = self.fetch(key)
        return found.body if found else None

    def describe(self, key: str, version: str = "") -> File | None:
        """Return what an object is, with no content, or None when there is none or it is not ours."""
        try:
            more: dict[str, Any] = {"VersionId": version} if version else {}
            found = self.client.head_object(Bucket=self.name, Key=self.prefix + key, **more)
        except ClientError as error:
            # A HEAD has no body to say more.
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise
        mark = {name.lower(): value for name, value in found.get("Metadata", {}).items()}.get(MARK, "")
        if not mark:
            return None
        return File(key, b"", *_headers(found), sha256=mark)

    def fetch(self, key: str) -> File | None:
        """Return an object with its content, whoever has written it, or None when there is none."""
        return _again(lambda: self._fetch(key))

    def _fetch(self, key: str) -> File | None:
        try:
            found = self.client.get_object(Bucket=self.name, Key=self.prefix + key)
        except ClientError as error:
            if code_of(error) in _NOT_THERE:
                return None
            raise
        body, headers = found["Body"].read(), _headers(found)
        try:
            plain = unpacked(body, headers[2])
        except ValueError:
            plain = body
        return File(key, body, *headers, sha256=sha256(plain).hexdigest())

    def put(self, file: File) -> str:
        """Write an object and return its ETag."""
        more: dict[str, Any] = {"ContentEncoding": file.encoding} if file.encoding else {}
        done = self.client.put_object(
            Bucket=self.name,
            Key=self.prefix + file.key,
            Body=file.body,
            # Servers refuse what has changed on its way; a bucket with locks demands it.
            ContentMD5=b64encode(bytes.fromhex(file.md5)).decode(),
            ContentType=file.type,
            CacheControl=file.cache,
            Metadata={MARK: file.sha256},
            **more,
        )
        return _plain(done.get("ETag", ""))

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def is_versioned(self) -> bool:
        """Say whether deleting leaves earlier versions behind."""
        return bool(self.client.get_bucket_versioning(Bucket=self.name).get("Status"))

    def versions(self) -> Iterator[tuple[str, str, bool]]:
        """Return the key and id of each version, and whether it is but a mark that the object is deleted."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.name, Prefix=self.prefix
        )
        for page in pages:
            marks: list[Any] = page.get("DeleteMarkers", [])
            for each in [*page.get("Versions", ()), *marks]:
                if each["Key"].startswith(self.prefix):
                    yield each["Key"].removeprefix(self.prefix), each["VersionId"], each in marks

    def delete_version(self, key: str, version: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=self.prefix + key, VersionId=version)


def _again(ask: Callable[[], T], times: int = 3) -> T:
    """Ask once more when the answer broke off in the middle: boto3 takes that for an answer."""
    for _time in range(times - 1):
        try:
            return ask()
        except (IncompleteReadError, ReadTimeoutError, ResponseParserError, ResponseStreamingError):
            continue
    return ask()


def _headers(found: Mapping[str, Any]) -> tuple[str, str, str]:
    return found.get("ContentType", ""), found.get("CacheControl", ""), found.get("ContentEncoding", "")


def _plain(etag: str) -> str:
    return etag.removeprefix("W/").strip('"').lower()
