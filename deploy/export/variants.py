"""Files in gzip and brotli, each in an object of its own: S3 cannot choose what a browser understands.

A function of CloudFront appends the suffix where a browser can read it (deploy/terraform). All it knows of a
file is its name: so these and no others have both, always (docs/decisions.md).
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import brotli

from deploy.export.files import File

SUFFIXES = (".css", ".js", ".json", ".map", ".md", ".mjs", ".svg", ".txt", ".xml")
ENCODINGS = {"gzip": ".gz", "br": ".br"}


def compressed(files: Iterable[File]) -> Iterator[File]:
    """Return both variants of each file that has them."""
    texts = [file for file in files if file.key.endswith(SUFFIXES)]
    # Both libraries leave other threads alone while they compute.
    with ThreadPoolExecutor() as pool:
        for both in pool.map(_both, texts):
            yield from both


def _both(file: File) -> tuple[File, ...]:
    bodies = {"gzip": gzip.compress(file.body, 9, mtime=0), "br": brotli.compress(file.body)}
    return tuple(
        File(file.key + suffix, bodies[encoding], file.type, file.cache, encoding, file.sha256)
        for encoding, suffix in ENCODINGS.items()
    )


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return what a browser makes of a body. Raises `ValueError` when it can make nothing of it."""
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "br":
            return bytes(brotli.decompress(body))
    except (OSError, EOFError, zlib.error, brotli.error) as error:
        raise ValueError(f"is no {encoding}") from error
    if encoding not in ("", "identity"):
        raise ValueError(f"{encoding} is not known")
    return body
