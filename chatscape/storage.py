"""Static files under names that change with their content."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashes names, also inside stylesheets and ES modules, and compresses once at collection.

    A file that was not collected keeps its name, so that pages render before `collectstatic` has run.
    """

    manifest_strict = False
    # A module's name depends on those it imports: one pass for each level of imports.
    max_post_process_passes = 20
    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name


class StaticMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, whose addresses the server knows: a file needs no thread (chatscape/asgi.py)."""

    files: Mapping[str, object]
    addresses: ClassVar[Mapping[str, object]] = {}

    def __init__(self, get_response: Callable[..., Any]) -> None:
        super().__init__(get_response)
        StaticMiddleware.addresses = self.files
