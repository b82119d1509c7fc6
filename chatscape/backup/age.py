"""The age format with a passphrase, as a stream (https://age-encryption.org/v1).

pyrage streams for recipients, but for a passphrase it wants all in memory. This is the part that it lacks;
what it writes and reads is what `age` does.
"""

import base64
import hmac
import os
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from chatscape.backup import BackupError
from chatscape.backup.archive import Readable, Writable, exactly

VERSION = b"age-encryption.org/v1\n"
SCRYPT = VERSION + b"-> scrypt "
CHUNK, TAG = 64 * 1024, 16
# 2^18 as `age` does: about a second and 256 MiB. A file that asks for more than 1 GiB is refused.
WORK, WORK_MOST = 18, 20
_HEADER_MOST = 400


def encrypt_io(source: Readable, out: Writable, passphrase: str, *, work: int = WORK) -> None:
    """Encrypt all that `source` has."""
    key, salt = os.urandom(16), os.urandom(16)
    wrapped = ChaCha20Poly1305(_wrapping(passphrase, salt, work)).encrypt(bytes(12), key, None)
    head = SCRYPT + _b64(salt) + b" %d\n" % work + _b64(wrapped) + b"\n---"
    out.write(head + b" " + _b64(_mac(key, head)) + b"\n")
    nonce = os.urandom(16)
    out.write(nonce)
    cipher = ChaCha20Poly1305(_derive(key, nonce, b"payload"))
    for number, (chunk, is_last) in enumerate(_chunks(source, CHUNK)):
        out.write(cipher.encrypt(_nonce(number, is_last), chunk, None))


def decrypt_io(source: Readable, out: Writable, passphrase: str) -> None:
    """Decrypt all that `source` has. Raises `BackupError` for another passphrase, and for damage."""
    head = _header(source)
    lines = head.split(b"\n")
    try:
        _, salt, work = lines[1].removeprefix(b"-> ").split(b" ")
        rounds = int(work)
        if len(lines) != 5 or not 1 <= rounds <= WORK_MOST:
            raise ValueError
        wrapping = _wrapping(passphrase, _unb64(salt), rounds)
        wrapped, mac = _unb64(lines[2]), _unb64(lines[3].removeprefix(b"--- "))
    except ValueError as error:
        raise BackupError("The backup is damaged: its header cannot be read.") from error
    try:
        key = ChaCha20Poly1305(wrapping).decrypt(bytes(12), wrapped, None)
    except InvalidTag as error:
        raise BackupError("The passphrase is not the one of this backup.") from error
    if not hmac.compare_digest(_mac(key, head[: head.index(b"\n---") + 4]), mac):
        raise BackupError("The backup is damaged: its header was changed.")
    cipher = ChaCha20Poly1305(_derive(key, exactly(source, 16), b"payload"))
    for number, (chunk, is_last) in enumerate(_chunks(source, CHUNK + TAG)):
        try:
            out.write(cipher.decrypt(_nonce(number, is_last), chunk, None))
        except InvalidTag as error:
            raise BackupError("The backup is damaged, or was cut off.") from error


def _header(source: Readable) -> bytes:
    head = b""
    while b"\n--- " not in head or not head.endswith(b"\n"):
        if len(head) > _HEADER_MOST:
            raise BackupError("The backup is damaged: its header cannot be read.")
        head += exactly(source, 1)
    return head


def _chunks(source: Readable, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield chunks of `size`, and with each whether it is the last; an empty one if there is nothing."""
    chunk = _upto(source, size)
    while True:
        following = _upto(source, size) if len(chunk) == size else b""
        yield chunk, not following
        if not following:
            return
        chunk = following


def _upto(source: Readable, size: int) -> bytes:
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _wrapping(passphrase: str, salt: bytes, work: int) -> bytes:
    salted = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salted, 32, n=1 << work, r=8, p=1).derive(passphrase.encode())


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derive(key, b"", b"header"), head, "sha256")


def _b64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _unb64(data: bytes) -> bytes:
    return base64.b64decode(data + bytes(-len(data) % 4).replace(b"\0", b"="), validate=True)
