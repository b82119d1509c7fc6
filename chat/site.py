"""Where this server is reached, for links that leave it."""

from django.conf import settings


def absolute_url(path: str) -> str:
    """Return the whole address of `path`, without trusting what a request says of the host."""
    base = settings.PUBLIC_URL or f"http://{settings.HOST}:{settings.PORT}"
    return f"{base}{path}"
