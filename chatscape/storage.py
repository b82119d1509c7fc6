"""Static files under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashes names, also inside stylesheets and ES modules, and compresses once at collection.

    Unknown names are served as they are, so that pages render before `collectstatic` has run.
    """

    manifest_strict = False
    support_js_module_import_aggregation = True


