"""One file of the export: its key, its content and what the browser is told of it."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5, sha256

from whitenoise.media_types import MediaTypes

# Names that change with the content, for ever; all others are asked for again each time.
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"

_TYPES = MediaTypes(extra_types={".map": "application/json", ".webmanifest": "application/manifest+json"})
_TEXTS = ("text/", "application/json", "application/manifest+json", "image/svg+xml")


@dataclass(frozen=True)
class File:
    """What an object in the bucket is to be. The key is what follows the prefix."""

    key: str
    body: bytes = field(repr=False)
    type: str
    cache: str
    # gzip and br have their own object beside the plain one.
    encoding: str = ""
    # Of the content before compression: other versions of zlib write other bytes for the same file.
    sha256: str = ""

    @property
    def size(self) -> int:
        return len(self.body)

    @cached_property
    def md5(self) -> str:
        """What S3 calls ETag, unless the object is encrypted with a key of one's own."""
        return md5(self.body, usedforsecurity=False).hexdigest()

    @property
    def immutable(self) -> bool:
        return self.cache == IMMUTABLE


def plain(key: str, body: bytes, *, cache: str, name: str = "") -> File:
    """Return a file as it is; its type is that of `name`, or else of the key."""
    return File(key, body, type_of(name or key), cache, sha256=sha256(body).hexdigest())


def type_of(name: str) -> str:
    """Return the media type that the server would send, with the charset of what is text."""
    kind = _TYPES.get_type(name)
    return f"{kind}; charset=utf-8" if kind.startswith(_TEXTS) else kind


def human(size: int) -> str:
    """Return a size in words: "820 bytes", "12.4 KB"."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    return f"{size / 1000:,.1f} KB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"
