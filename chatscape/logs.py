"""Log lines that say what happened and to what, not who said what.

Our own lines name kinds of errors and ids. Those of libraries, and tracebacks, may repeat what people
typed or the secret part of an address: that is left out here, whoever logs it.
"""

import logging
import re
from types import TracebackType

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+")
# What follows in a path is as good as a password: invitations, links in mails and on other devices' screens.
_SECRET_PATH = re.compile(r"(/(?:join|devices/(?:sign-in|link|join|qr)|reset/key|confirm-email)/)[^\s/?'\"]+")
_QUERY = re.compile(r"(?<=[\w/])\?[\w.%-]+=[^\s'\"]*")
# A database repeats the row that it refuses.
_ROW = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+|HINT|QUERY|STATEMENT):.*$", re.MULTILINE)
_QUOTED = re.compile(r"(['\"])(?:(?!\1).){40,}\1")


def redacted(text: str) -> str:
    """Return a line without addresses, secrets in paths, query strings and rows of the database."""
    text = _ROW.sub(r"\1 left out", text)
    text = _SECRET_PATH.sub(r"\1…", _QUERY.sub("?…", text))
    return _ADDRESS.sub("(address)", text)


class Formatter(logging.Formatter):
    """Formats lines as `logging.Formatter` does, without what is nobody's business."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))

    def formatException(self, error: _Error) -> str:  # noqa: N802 - its name in the library
        """Leave out long quotations as well: an error's text may repeat a message."""
        return "\n".join(
            line if line.startswith(("    ", "  File ")) else _QUOTED.sub("(quotation)", line)
            for line in super().formatException(error).splitlines()
        )
