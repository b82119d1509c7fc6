"""Log lines that say what happened and to what, not who said what.

Our own lines name kinds of errors and ids. Those of libraries, and tracebacks, may repeat what people
typed or the secret part of an address: that is left out here, whoever logs it. A line of a log is one line,
whatever is in it: nobody can make up another one.
"""

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from chatscape.metrics import catalogue
from chatscape.request_ids import current

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# What may be said beside the message, by those who log it.
FIELDS = ("method", "route", "status", "duration_ms", "worker")
# Longer ones are cut: collectors refuse lines of more than some hundred kilobytes.
MESSAGE_MOST, ERROR_MOST = 8_000, 32_000

# Bounded, as the time would grow with the square of a long word.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,128}@[\w-]+(\.[\w-]+)+")
# What follows in a path is as good as a password: invitations, links in mails and on other devices' screens.
_SECRET_PATH = re.compile(r"(/(?:join|devices/(?:sign-in|link|join|qr)|reset/key|confirm-email)/)[^\s/?'\"]+")
_QUERY = re.compile(r"(?<=[\w/])\?[\w.%-]+=[^\s'\"]*")
# A database repeats the row that it refuses.
_ROW = re.compile(r"^\s*(DETAIL|CONTEXT|LINE \d+|HINT|QUERY|STATEMENT):.*$", re.MULTILINE)
_QUOTED = re.compile(r"(['\"])(?:(?!\1).){40,}\1")
# Here Django logs requests that it refuses.
_OF_STRANGERS = "django.security."
_TRACEBACK = "Traceback (most recent call last)"
# What would end a line, or change how a terminal shows it.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): " ",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def redacted(text: str) -> str:
    """Return a line without addresses, secrets in paths, query strings and rows of the database."""
    text = _ROW.sub(r"\1 left out", text)
    text = _SECRET_PATH.sub(r"\1…", _QUERY.sub("?…", text))
    return _ADDRESS.sub("(address)", text)


def on_one_line(text: str) -> str:
    """Return a text with line breaks and other control characters written out."""
    return text.translate(_CONTROL)


class Formatter(logging.Formatter):
    """Formats lines as `logging.Formatter` does, without what is nobody's business."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the library
        record.message = self.words(record)
        text = super().formatMessage(record)
        named = request_of(record)
        return f"{text} [{named}]" if named else text

    def format(self, record: logging.LogRecord) -> str:
        # The library's would fail for a message that does not fit its arguments.
        record.message = ""
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        line = self.formatMessage(record)
        rest = [self.formatException(record.exc_info)] if record.exc_info else []
        if record.stack_info:
            rest.append(redacted(record.stack_info))
        # What follows is a part of the line, and looks like one.
        return "\n  ".join([line, *(on_one_line(each) for part in rest for each in part.splitlines())])

    def words(self, record: logging.LogRecord) -> str:
        """Return what a line says, without what it must not say."""
        try:
            text = record.getMessage()
        except Exception:
            # The library would print the arguments, whatever they are.
            text = f"{record.msg} (its arguments do not fit)"
        if len(text) > MESSAGE_MOST:
            # Not in the midst of an address.
            text = f"{text[:MESSAGE_MOST].rsplit(None, 1)[0]} …"
        if _TRACEBACK in text:
            text = _shortened(text)
        return on_one_line(redacted(text))

    def formatException(self, error: _Error) -> str:  # noqa: N802 - its name in the library
        """Leave out long quotations as well: an error's text may repeat a message."""
        text = super().formatException(error)
        if len(text) > ERROR_MOST:
            # The end says most, from the beginning of a line.
            text = text[-ERROR_MOST:].partition("\n")[2]
        return redacted(_shortened(text))


class JsonFormatter(Formatter):
    """Formats each line as an object of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.words(record),
            "process": record.process,
        }
        if named := request_of(record):
            line["request_id"] = named
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Only ASCII: no reader takes anything in it for the end of a line.
        return json.dumps(line, default=str)


class Console(logging.StreamHandler[Any]):
    """Writes lines, and counts those that somebody should look at."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.ERROR and record.name.startswith(_OF_STRANGERS):
            # As a request for another host: whoever sends such things must not be able to raise an alarm.
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if record.levelno >= logging.WARNING:
            catalogue.log_lines.add(record.levelname)
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in the library
        """Say nothing: the library would print the line's arguments. Nobody reads what cannot be written."""


def request_of(record: logging.LogRecord) -> str:
    """Return the id of the request that a line is about, or nothing."""
    return getattr(record, "request_id", "") or current.get()


def configured(style: str, level: str) -> dict[str, Any]:
    """Return the logging configuration. What drivers and the event loop tell below INFO is never written:
    it has addresses, rows and frames."""
    others = "INFO" if level == "DEBUG" else level
    ours = {name: {"level": level} for name in ("accounts", "chat", "chatscape", "deploy")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "chatscape.logs.Formatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
            "json": {"()": "chatscape.logs.JsonFormatter"},
        },
        "handlers": {"console": {"class": "chatscape.logs.Console", "formatter": style}},
        "root": {"handlers": ["console"], "level": others},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},
            "daphne": {"level": "WARNING"},
            "twisted": {"level": "WARNING"},
            # It names every new passkey.
            "fido2": {"level": "WARNING"},
            **ours,
        },
    }


def log_everything() -> None:
    """Let what Python would print by itself be lines of the log, too: warnings, and errors nobody caught."""
    logger = logging.getLogger("chatscape.uncaught")

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            logger.critical("An error that nobody caught", exc_info=(kind, error, trace))

    def in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
            caught(told.exc_type, told.exc_value, told.exc_traceback)

    def unraisable(told: Any) -> None:
        error = told.exc_value
        logger.error("An error where nobody could catch it", exc_info=error and (type(error), error, None))

    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook, sys.unraisablehook = caught, in_thread, unraisable


def _shortened(text: str) -> str:
    return "\n".join(
        line if line.startswith(("    ", "  File ")) else _QUOTED.sub("(quotation)", line)
        for line in text.splitlines()
    )
