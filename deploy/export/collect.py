"""What is exported: collected static files under hashed names, and what has a name that stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.http import HttpRequest, JsonResponse

from chatscape import shell
from chatscape.pwa import views
from chatscape.storage import StaticStorage
from deploy.export.errors import Refused
from deploy.export.files import IMMUTABLE, REVALIDATED, File, plain
from deploy.export.variants import compressed

# Names that stay, in the order in which they name each other: the worker keeps the offline page.
UNHASHED = ("config.json", "manifest.webmanifest", "offline/", "sw.js")
# In folders of static files, but not for browsers.
_TOOLS = ["*.py", "CHECKSUMS"]


class _ExportStorage(StaticStorage):
    """Static files under their hashed names, not compressed: variants have objects of their own."""

    def post_process_with_compression(self, files: Any) -> Any:
        return files


def collect(url: str) -> list[File]:
    """Return all files of the export; `url` is the site's address, for the configuration."""
    with TemporaryDirectory(prefix="chatscape-export-") as folder, _collected_in(Path(folder)) as names:
        hashed = [
            plain(f"static/{name}", Path(folder, name).read_bytes(), cache=IMMUTABLE)
            for name in sorted(set(names.values()))
        ]
        return [*hashed, *compressed(hashed), *_rendered(url)]


@contextmanager
def _collected_in(folder: Path) -> Iterator[dict[str, str]]:
    """Collect into a folder that no server uses, and name files as they are called there.

    Gives the names: each file's own, and its hashed one.
    """
    storage: Any = staticfiles_storage
    before = storage._wrapped
    storage._wrapped = own = _ExportStorage(location=folder)
    _forget()
    try:
        try:
            call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=_TOOLS)
        except (OSError, RuntimeError, ValueError) as error:
            # A file names another that is not there, a disk is full.
            raise Refused(f"Static files cannot be collected: {' '.join(str(error).split())}") from error
        yield own.hashed_files
    finally:
        storage._wrapped = before
        _forget()


def _forget() -> None:
    shell.shell.cache_clear()
    shell.modules.cache_clear()


def _rendered(url: str) -> Iterator[File]:
    """Return what the server itself would answer at these addresses."""
    request = HttpRequest()
    request.method = "GET"
    answers = {
        "config.json": JsonResponse(views.public_configuration(url or settings.PUBLIC_URL)),
        "manifest.webmanifest": views.manifest(request),
        "offline/": views.offline(request),
        "sw.js": views.service_worker(request),
    }
    for key in UNHASHED:
        name = "offline.html" if key.endswith("/") else key
        yield plain(key, answers[key].content, cache=REVALIDATED, name=name)
