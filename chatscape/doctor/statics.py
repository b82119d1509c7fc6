"""Static files: collected, and those of this version."""

import filecmp
import json
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, ok, warning

COLLECT = "python manage.py collectstatic --noinput, then restart"


def look(options: Options) -> Findings:
    if settings.DEBUG:
        yield ok("DEBUG is on: files are served as they are.")
        return
    root = Path(settings.STATIC_ROOT)
    try:
        named = json.loads((root / "staticfiles.json").read_text())["paths"]
    except (OSError, ValueError, KeyError):
        yield warning(
            f"Static files are not collected in {root}: they are larger, and asked for again on each page.",
            COLLECT,
        )
        return
    stale = [name for name in _sources(root) if name not in named or not (root / named[name]).exists()]
    changed = [
        name for name, source in _sources(root).items() if name not in stale and _differs(source, root / name)
    ]
    if odd := [*stale, *changed]:
        yield warning(
            f"{len(odd)} static files are not those of this version, such as {odd[0]}.",
            COLLECT,
        )
    else:
        yield ok(f"{len(named)} static files are collected and current.")
    if "//" in settings.STATIC_URL:
        yield ok(f"Pages take them from {settings.STATIC_URL} (manage.py deploy brings them there).")


def _sources(root: Path) -> dict[str, Path]:
    """Return where each file comes from; of several of one name the first is collected."""
    found: dict[str, Path] = {}
    for finder in get_finders():
        for name, storage in finder.list([]):
            prefix = getattr(storage, "prefix", None)
            path = f"{prefix}/{name}" if prefix else name
            found.setdefault(path, Path(storage.path(name)))
    return found


def _differs(source: Path, collected: Path) -> bool:
    try:
        return not filecmp.cmp(source, collected, shallow=False)
    except OSError:
        return True
