"""In which order files go up: nothing is there before all that it names."""

import re
from collections.abc import Iterable

from deploy.export.collect import UNHASHED
from deploy.export.files import File
from deploy.export.variants import ENCODINGS

_NAME = re.compile(rb"[\w.-]+\.[0-9a-f]{12}\.\w+")
_NAMING = (".css", ".js", ".mjs", ".svg")


def steps(files: Iterable[File]) -> list[list[File]]:
    """Return the files in steps; each step may begin when the one before is done.

    Hashed files come after those they import or show, then names that stay, one by one.
    """
    files = list(files)
    hashed = {file.key: file for file in files if file.immutable and not file.encoding}
    keys: dict[bytes, set[str]] = {}
    for key in hashed:
        keys.setdefault(key.rpartition("/")[2].encode(), set()).add(key)
    named = {
        key: {other for name in _NAME.findall(file.body) for other in keys.get(name, ())} - {key}
        for key, file in hashed.items()
        if key.endswith(_NAMING)
    }
    depths: dict[str, int] = {}

    def depth(key: str) -> int:
        if key not in depths:
            # Files that name each other in a circle have no right order.
            depths[key] = 0
            depths[key] = 1 + max(map(depth, named.get(key, ())), default=-1)
        return depths[key]

    ordered: dict[int, list[File]] = {}
    for file in files:
        if file.immutable:
            ordered.setdefault(depth(_plain_key(file)), []).append(file)
    rest = sorted((file for file in files if not file.immutable), key=lambda file: UNHASHED.index(file.key))
    return [*(ordered[number] for number in sorted(ordered)), *([file] for file in rest)]


def _plain_key(file: File) -> str:
    return file.key.removesuffix(ENCODINGS[file.encoding]) if file.encoding else file.key
