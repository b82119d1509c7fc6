"""Scripts of others are the ones we looked at."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
OURS = {"CHECKSUMS", "refresh.py"}


def checksums() -> dict[str, str]:
    lines = (VENDOR / "CHECKSUMS").read_text().splitlines()
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def test_every_file_is_named_with_its_checksum() -> None:
    assert {path.name for path in VENDOR.iterdir() if path.is_file()} - OURS == set(checksums())


def test_every_checksum_holds() -> None:
    for name, checksum in checksums().items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
