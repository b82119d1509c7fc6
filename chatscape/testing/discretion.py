"""What logs must not tell: tests note the secrets of the moment and look for them in all that is logged."""

import logging
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any

# Shorter words stand in any text.
SECRET_LEAST = 8
LINES_MOST = 5_000
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# A mail that is shown on the console, as there is no mail server.
_MAIL = re.compile(r"^Content-Type: (?:text|multipart)/.*?^-{70,}$", re.MULTILINE | re.DOTALL)
# Where a server keeps what its log must not hold.
_COLUMNS = (
    ("chat_message", "body"),
    ("chat_messageedit", "body"),
    ("chat_report", "context"),
    ("chat_contact", "greeting"),
    ("chat_invitation", "code"),
    ("django_session", "session_key"),
    ("accounts_user", "password"),
)


class Listener(logging.Handler):
    """Hears every line that a test's process logs, as the product would write it."""

    def __init__(self) -> None:
        from chatscape.logs import Formatter

        super().__init__(logging.DEBUG)
        self.setFormatter(Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []
        self.secrets: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        # Lines below are not written by default: drivers and the event loop tell everything there.
        if record.levelno >= logging.INFO and len(self.lines) < LINES_MOST:
            self.lines.append(self.format(record))

    def attach(self) -> None:
        """Hear what is logged from now on, whatever a test has done to logging before."""
        for name in (None, "daphne", "django.request", "django.server", "django.security"):
            logging.getLogger(name).addHandler(self)

    def note(self, secret: object) -> None:
        if isinstance(secret, str) and len(secret) >= SECRET_LEAST:
            self.secrets.add(secret)

    def told(self) -> list[str]:
        """Return the lines that hold what they must not, and forget everything."""
        found = indiscreet(self.lines, self.secrets)
        self.lines, self.secrets = [], set()
        return found


def indiscreet(lines: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return those lines that hold an address or one of the secrets."""
    return [line for line in lines if _ADDRESS.search(line) or any(secret in line for secret in secrets)]


def listen() -> Listener:
    """Return who hears what is logged once attached, and notes what is typed and drawn by lot."""
    from django.contrib.sessions.backends.base import SessionBase
    from django.core import signing

    from chat import text

    listener = Listener()
    for owner, name in (
        (text, "tidy"),
        (secrets, "token_urlsafe"),
        (signing, "dumps"),
        (SessionBase, "_get_new_session_key"),
    ):
        setattr(owner, name, _noting(getattr(owner, name), listener))
    return listener


def _noting(function: Callable[..., Any], listener: Listener) -> Callable[..., Any]:
    @wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        listener.note(result)
        return result

    return noted


def told_by_server(log: Path, database: Path) -> list[str]:
    """Return the lines of a server's log that hold what its database keeps, or an address.

    Mails on the console are no log: without a mail server they are how the person at the laptop gets them.
    """
    if not log.exists():
        return []
    lines = _MAIL.sub("", log.read_text(errors="replace")).splitlines()
    return indiscreet(lines, _kept(database)) if lines else []


def _kept(database: Path) -> set[str]:
    if not database.exists():
        return set()
    found: set[str] = set()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for table, column in _COLUMNS:
            try:
                rows = connection.execute(f"SELECT {column} FROM {table}").fetchall()  # noqa: S608 - names above
            except sqlite3.Error:
                # A test took the database apart.
                continue
            found.update(value for (value,) in rows if isinstance(value, str) and len(value) >= SECRET_LEAST)
    return found
