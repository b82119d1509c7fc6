"""The files that every page stands on, under the names they are served by."""

from functools import cache

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static

# What a page needs before it can say anything; hashed, so it is kept until the next version.
TYPES = (".css", ".js", ".svg")
LEFT_OUT = ("account/", "admin/", "css/admin", "icons/build", "js/admin/", "js/keys/", "mfa/", "screenshots/")


@cache
def shell() -> tuple[str, ...]:
    """Return the addresses of stylesheets, scripts and icons."""
    names = [
        name
        for finder in finders.get_finders()
        for name, storage in finder.list([])
        if name.endswith(TYPES) and not name.startswith(LEFT_OUT) and not getattr(storage, "prefix", None)
    ]
    return tuple(sorted(staticfiles_storage.url(name) for name in names))


@cache
def modules() -> tuple[str, ...]:
    """Return the addresses of the ES modules that a page imports at once."""
    scripts, later = static("js/").rstrip("/"), static("js/later/")
    return tuple(
        address
        for address in shell()
        if address.startswith(scripts) and address.endswith(".js") and not address.startswith(later)
    )
