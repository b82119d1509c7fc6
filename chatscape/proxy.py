"""What a proxy in front is asked: the header in which it says how people reached it."""

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)


def request_key(header: str) -> str:
    """Return the key under which Django has a header. Raises `ValueError` for what is no header's name."""
    if not _NAME.fullmatch(header):
        raise ValueError
    return "HTTP_" + header.upper().replace("-", "_")
