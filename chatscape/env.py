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

from chatscape.variables import Variable, note

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
    naming the variable when the value cannot be understood. For docs/configuration.md it takes
    `about`, one plain line on what the variable is for, and `shown`, the default in words where it is
    worked out; `named` is for one of several providers or the like, which has a name of the operator's in it.
    What must not be shown to anybody is read with `secret`.
    """

    def __init__(self, env: Env | None = None) -> None:
        self._env = env or reader()

    def text(
        self,
        name: str,
        default: str = "",
        *,
        about: str = "",
        shown: str = "",
        secret: bool = False,
        named: bool = False,
    ) -> str:
        note(Variable(name, "text", shown or default, "", about, secret, named))
        path = f"{name}_FILE"
        try:
            value = str(self._env.str(name, default)).strip()
            if not os.environ.get(path):
                return value
            plain = os.environ.get(name, "").strip()
        except (EnvError, ValueError, OSError):
            # No cause: a traceback would repeat what may be a secret.
            raise bad_value(name, f"cannot be read from the file that {path} names") from None
        if plain:
            raise bad_value(name, f"is given twice, by {path}, too; keep one of them")
        if not value:
            raise bad_value(name, f"the file that {path} names is empty")
        return value

    def flag(
        self, name: str, default: bool, *, about: str = "", shown: str = "", named: bool = False
    ) -> bool:
        shown = shown or ("on" if default else "off")
        note(Variable(name, "yes or no", shown, "on or off", about, named=named))
        value = self.text(name).lower()
        if value and value not in YES + NO:
            raise bad_value(name, f"must be one of {', '.join(YES + NO)}")
        return value in YES if value else default

    def number(
        self, name: str, default: int, *, least: int, most: int, about: str = "", shown: str = ""
    ) -> int:
        bounds = f"{least} to {most}"
        note(Variable(name, "number", shown or str(default), bounds, about, least=least, most=most))
        value = self.text(name)
        if not value:
            return default
        # Python refuses to read thousands of digits.
        plain = value.isascii() and value.isdecimal() and len(value) <= 20
        if not (plain and least <= int(value) <= most):
            raise bad_value(name, f"must be a whole number from {least} to {most}")
        return int(value)

    def choice(
        self, name: str, default: str, choices: tuple[str, ...], *, about: str = "", named: bool = False
    ) -> str:
        bounds = " or ".join(choices) if len(choices) == 2 else ", ".join(choices)
        note(Variable(name, "choice", default, bounds, about, named=named, choices=choices))
        value = self.text(name) or default
        if value not in choices:
            raise bad_value(name, f"must be one of {', '.join(choices)}")
        return value

    def parsed(
        self, name: str, default: str, parse: Callable[[str], T], reason: str, *, about: str = ""
    ) -> T:
        """Return what `parse` makes of the value; its `ValueError` means that the value is bad."""
        note(Variable(name, "format", default, reason.removeprefix("must be "), about))
        try:
            return parse(self.text(name) or default)
        except ValueError:
            raise bad_value(name, reason) from None

    def words(
        self, name: str, default: list[str], *, about: str = "", shown: str = "", named: bool = False
    ) -> list[str]:
        shown = shown or ",".join(default)
        note(Variable(name, "words", shown, "separated by commas", about, named=named))
        value = self.text(name)
        return [word.strip() for word in value.split(",") if word.strip()] if value else default

    def hosts(self, name: str, default: list[str], *, about: str = "", shown: str = "") -> list[str]:
        """Return names of hosts, without scheme, port or path."""
        shown = shown or ",".join(default)
        note(Variable(name, "hosts", shown, "names separated by commas", about))
        hosts = self.words(name, default)
        if not all(_HOST.fullmatch(host) for host in hosts):
            raise bad_value(name, "must be names of hosts separated by commas, without https:// or a port")
        return hosts

    def sender(self, name: str, default: str, *, about: str = "") -> str:
        """Return an e-mail address, with or without a person's name."""
        note(Variable(name, "address", default, "an address of mail", about))
        value = self.text(name) or default
        if "\n" in value or not _ADDRESS.fullmatch(parseaddr(value)[1]):
            raise bad_value(name, "must be an address like Name <name@example.org>")
        return value

    def site(self, name: str, *, about: str = "") -> str:
        """Return the address of a whole site, without a slash at its end."""
        note(Variable(name, "site", "", "https:// or http://, without a path", about))
        value = self.url(name, ("https", "http")).rstrip("/")
        parts = urlsplit(value)
        if value and (
            not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc
        ):
            raise bad_value(name, "must be an address like https://chat.example.org, without a path")
        return value

    def url(
        self,
        name: str,
        schemes: tuple[str, ...],
        default: str = "",
        *,
        about: str = "",
        shown: str = "",
        secret: bool = False,
    ) -> str:
        bounds = ", ".join(f"{scheme}://" for scheme in schemes)
        note(Variable(name, "URL", shown or default, bounds, about, secret))
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

    def folder(
        self, name: str, default: Path, *, mode: int = 0o777, about: str = "", shown: str = ""
    ) -> Path:
        """Return the absolute path of a folder, made unless it is there."""
        folder = Path(self.text(name, about=about, shown=shown) or default).absolute()
        try:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            raise bad_value(name, f"{error.strerror}: {folder}") from error
        return folder

    def of_library(self, name: str, *, about: str, secret: bool = False) -> None:
        """Note a variable that a library of ours reads for itself."""
        note(Variable(name, "library", about=about, secret=secret))


def secret_key(given: str, keep_in: Path) -> str:
    """Return the given key, or the one kept in `keep_in`, made on the first start.

    Raises `ImproperlyConfigured` when a given key is too short to be a secret.
    """
    if given:
        if len(given) < 32:
            raise bad_value("SECRET_KEY", "must have at least 32 characters")
        return given
    try:
        kept = _kept_key(keep_in)
    except OSError as error:
        raise bad_value("CHATSCAPE_VAR", f"{keep_in}: {error.strerror}") from error
    if len(kept) < 32:
        raise bad_value(
            "SECRET_KEY", f"what is kept in {keep_in} is no key; delete that file for another one"
        )
    return kept


def _kept_key(keep_in: Path) -> str:
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
