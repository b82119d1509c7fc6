"""Static files under names that change with their content."""

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
