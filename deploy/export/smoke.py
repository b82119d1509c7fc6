"""What visitors get: asked for at the site's address, and compared with what was exported."""

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from hashlib import sha256
from http.client import HTTPException

from django.conf import settings

from deploy.export import cors
from deploy.export.files import File
from deploy.export.variants import unpacked

_TIMEOUT = 10
# How long a CDN may take until all of it knows.
PATIENCE = 30.0
# Hashed files of each kind that are asked for.
_OF_EACH = 2


class NoAnswer(Exception):
    """Nobody answers at the address at all."""

    def __init__(self, text: str, *, unknown: bool = False) -> None:
        super().__init__(text)
        # Its name leads nowhere, or not yet.
        self.unknown = unknown


def sample(files: Iterable[File]) -> list[File]:
    """Return all names that stay, and some hashed ones of each kind."""
    taken: dict[str, list[File]] = {}
    rest = []
    for file in files:
        if not file.immutable:
            rest.append(file)
        elif not file.encoding:
            taken.setdefault(file.key.rpartition(".")[2], []).append(file)
    return [*rest, *(file for group in taken.values() for file in group[:_OF_EACH])]


def address(url: str, file: File) -> str:
    """Return where visitors find a file."""
    name = file.key.removeprefix("static/")
    if name != file.key and cors.needed():
        return settings.STATIC_URL + name
    return f"{url}/{file.key}"


def problems(url: str, files: Sequence[File]) -> list[str]:
    """Return what is not as it was exported, after giving it some time. Raises `NoAnswer`."""
    until, pause = time.monotonic() + PATIENCE, 0.5
    left, reached = list(files), False
    while True:
        found = [(file, _problem(address(url, file), file)) for file in left]
        found = [(file, problem) for file, problem in found if problem]
        silent = [problem for _file, problem in found if isinstance(problem, NoAnswer)]
        reached = reached or len(silent) < len(left)
        if silent and not reached and (silent[0].unknown or time.monotonic() >= until):
            raise silent[0]
        left = [file for file, _problem in found]
        if not left or time.monotonic() >= until:
            return [f"{address(url, file)}: {problem}" for file, problem in found]
        time.sleep(pause)
        pause = min(pause * 2, 5)


def _problem(url: str, file: File) -> "str | NoAnswer":
    """Return what is wrong with what comes from an address, or ""."""
    headers = {
        "User-Agent": "chatscape-deploy",
        "Accept-Encoding": "br, gzip" if file.immutable else "identity",
    }
    if file.immutable and cors.needed():
        headers["Origin"] = "https://chat.example.org"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT) as answer:  # noqa: S310
            body, told = answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return f"answers {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return NoAnswer(
            f"{url}: {reason or type(error).__name__}", unknown=isinstance(reason, socket.gaierror)
        )
    kind = told.get("Content-Type", "")
    if kind.partition(";")[0].strip() != file.type.partition(";")[0]:
        return f"is {kind or 'of no type'} instead of {file.type}"
    wanted = "immutable" if file.immutable else "no-cache"
    if wanted not in told.get("Cache-Control", ""):
        return f"is not {wanted} (Cache-Control: {told.get('Cache-Control', 'none')})"
    try:
        plain = unpacked(body, told.get("Content-Encoding", ""))
    except ValueError:
        return "cannot be unpacked"
    if sha256(plain).hexdigest() != file.sha256:
        return "is not what was exported"
    if "Origin" in headers and not told.get("Access-Control-Allow-Origin"):
        return "is not for pages of another origin (no Access-Control-Allow-Origin)"
    return ""
