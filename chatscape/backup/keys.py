"""Secrets around backups: what they are encrypted with, and the server's own key."""

import hmac
import os
import tempfile
from collections.abc import Callable, Iterable
from getpass import getpass
from pathlib import Path
from typing import Any

import pyrage
from django.conf import settings

from chatscape.backup import BackupError

PASSPHRASE_LEAST = 12
KEPT = "secret_key"


def passphrase_in(path: str) -> str:
    """Return the first line of a file."""
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"The passphrase cannot be read from {path}: {_reason(error)}.") from error
    if not lines or not lines[0].strip():
        raise BackupError(f"There is no passphrase in {path}.")
    return lines[0].strip()


def new_passphrase(given: str, ask: Callable[[str], str] = getpass) -> str:
    """Return the passphrase of a new backup, asked twice when none is given."""
    if not given:
        given = ask("Passphrase for the backup: ")
        if given != ask("The same again: "):
            raise BackupError("These were two different passphrases.")
    if len(given) < PASSPHRASE_LEAST:
        raise BackupError(f"A passphrase must have at least {PASSPHRASE_LEAST} characters.")
    return given


def recipients_of(words: Iterable[str]) -> list[Any]:
    """Return the public keys `age1...` or `ssh-...` of those who can decrypt."""
    return [_recipient(word) for word in words]


def _recipient(word: str) -> Any:
    kind = pyrage.ssh if word.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(word)
    except pyrage.RecipientError as error:
        raise BackupError(f"{word[:20]}… is no public key of age (age1…) or SSH.") from error


def identities_in(paths: Iterable[str]) -> list[Any]:
    """Return the private keys in files, as `age-keygen` or `ssh-keygen` write them."""
    return [identity for path in paths for identity in _identities(Path(path))]


def _identities(path: Path) -> list[Any]:
    try:
        data = path.read_bytes()
        if data.startswith(b"-----BEGIN"):
            return [pyrage.ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode().splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        raise BackupError(f"No key can be read from {path}: {_reason(error)}.") from None
    if not found:
        raise BackupError(f"There is no key in {path}.")
    return found


def _reason(error: Exception) -> str:
    return (error.strerror or "error") if isinstance(error, OSError) else "it is no such file"


def key_is_kept() -> bool:
    """Say whether the server's secret key is the one in its folder, and not from the environment."""
    path = settings.VAR_DIR / KEPT
    return path.is_file() and kept_key().decode() == settings.SECRET_KEY


def kept_key() -> bytes:
    return (settings.VAR_DIR / KEPT).read_bytes().strip()


def keep_key(key: bytes) -> None:
    """Make this the key of the server's next start."""
    with tempfile.NamedTemporaryFile("wb", dir=settings.VAR_DIR, delete=False) as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(settings.VAR_DIR / KEPT)


def check_of(key: str) -> str:
    """Return what tells whether two keys are the same, and nothing else of them."""
    return hmac.digest(key.encode(), b"chatscape.backup", "sha256").hex()[:16]
