"""The id that names a request: in its answer, and in every line that is logged while it is answered.

Of a socket it is the id of its handshake.
"""

import re
from contextvars import ContextVar
from uuid import uuid4

from allauth import app_settings

HEADER = "X-Request-ID"
# Where a request of WSGI carries it.
KEY = "chatscape.request_id"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Of what runs at the moment; copied into threads with the rest of the context.
current: ContextVar[str] = ContextVar("request_id", default="")


def id_for(given: str | None) -> str:
    """Return the id that a proxy of ours has given, or a new one. Without proxies anybody could give one."""
    if given and app_settings.TRUSTED_PROXY_COUNT and _GIVEN.fullmatch(given):
        return given
    return uuid4().hex
