"""Read the environment strictly: a bad value stops the start and names itself.

Every variable can also be given as ``NAME_FILE``, the path of a file that holds the value, as
container secrets are.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, FileAwareEnv

T = TypeVar("T")
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
# What Django's ALLOWED_HOSTS may hold: a name, one with its subdomains, an IPv6 address, anything.
_HOST = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]|\*", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def reader() -> Env:
    """Return a reader for the process environment that understands ``_FILE`` variables."""
    return FileAwareEnv(eager=True)


class Settings:
    """The environment, one method a kind of value.

    Every method takes the variable's name and its default, and raises `ImproperlyConfigured`
    naming the variable when the value cannot be understood.
    """

    def __init__(self, env: Env | None = None) -> None:
        self._env = env or reader()

    def text(self, name: str, default: str = "") -> str:
        try:
            return str(self._env.str(name, default)).strip()
        except (EnvError, ValueError, OSError):
            # No cause: a traceback would repeat what may be a secret.
            raise bad_value(name, "cannot be read") from None

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if value and value not in YES + NO:
            raise bad_value(name, f"must be one of {', '.join(YES + NO)}")
        return value in YES if value else default

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdecimal() and least <= int(value) <= most):
            raise bad_value(name, f"must be a whole number from {least} to {most}")
        return int(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if value not in choices:
            raise bad_value(name, f"must be one of {', '.join(choices)}")
        return value

    def parsed(self, name: str, default: str, parse: Callable[[str], T], reason: str) -> T:
        """Return what `parse` makes of the value; its `ValueError` means that the value is bad."""
        try:
            return parse(self.text(name) or default)
        except ValueError:
            raise bad_value(name, reason) from None

    def words(self, name: str, default: list[str]) -> list[str]:
        value = self.text(name)
        return [word.strip() for word in value.split(",") if word.strip()] if value else default

    def hosts(self, name: str, default: list[str]) -> list[str]:
        """Return names of hosts, without scheme, port or path."""
        hosts = self.words(name, default)
        if not all(_HOST.fullmatch(host) for host in hosts):
            raise bad_value(name, "must be names of hosts separated by commas, without https:// or a port")
        return hosts

    def sender(self, name: str, default: str) -> str:
        """Return an e-mail address, with or without a person's name."""
        value = self.text(name) or default
        if "\n" in value or not _ADDRESS.fullmatch(parseaddr(value)[1]):
            raise bad_value(name, "must be an address like Name <name@example.org>")
        return value

    def site(self, name: str) -> str:
        """Return the address of a whole site, without a slash at its end."""
        value = self.url(name, ("https", "http")).rstrip("/")
        parts = urlsplit(value)
        if value and (
            not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc
        ):
            raise bad_value(name, "must be an address like https://chat.example.org, without a path")
        return value

    def url(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        value = self.text(name) or default
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise bad_value(name, "is not a URL") from None
        if parts.scheme not in schemes or not value.lower().startswith(f"{parts.scheme}://"):
            raise bad_value(name, f"must be a URL that starts with {' or '.join(s + '://' for s in schemes)}")
        if not (parts.netloc or parts.path.strip("/")):
            raise bad_value(name, "names no server")
        return value


def secret_key(given: str, keep_in: Path) -> str:
    """Return the given key, or the one kept in `keep_in`, made on the first start.

    Raises `ImproperlyConfigured` when a given key is too short to be a secret.
    """
    if given:
        if len(given) < 32:
            raise bad_value("SECRET_KEY", "must have at least 32 characters")
        return given
    if not keep_in.exists():
        with tempfile.NamedTemporaryFile("w", dir=keep_in.parent) as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            # Of several processes that start at once, one gives the name; its key is everybody's.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, keep_in)
    return keep_in.read_text().strip()


def bad_value(name: str, reason: str) -> ImproperlyConfigured:
    """Return the error that names a variable and says what is wrong with it."""
    # The value itself may be a secret: it is never repeated.
    return ImproperlyConfigured(f"{name}: {reason}")
