"""The machine: versions, and how many files a process may open."""

import os
import platform
import resource
import sqlite3
import sys

import django
from django.conf import settings

from chatscape import __version__
from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning
from chatscape.limits import FEW, RESERVE

OLDEST, NEWEST = (3, 11), (3, 13)
# Django's, for what it needs.
OLDEST_SQLITE = (3, 31, 0)


def look(options: Options) -> Findings:
    yield ok(f"ChatScape {__version__}, Django {django.get_version()}, {_system()}.")
    yield from _python()
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield error(
            f"SQLite {sqlite3.sqlite_version} is too old.", "Use Python's own builds or a newer system."
        )
    yield from _files()
    if os.geteuid() == 0:
        yield warning(
            "This runs as root: a mistake in anything could do everything.",
            "Run ChatScape as a user of its own, and doctor as the same (docs/self-hosting.md).",
        )


def _python() -> Findings:
    version = sys.version_info[:2]
    text = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    if OLDEST <= version <= NEWEST:
        yield ok(text)
    else:
        wanted = " to ".join(".".join(map(str, each)) for each in (OLDEST, NEWEST))
        yield error(text, f"ChatScape is tested with Python {wanted}: use one of them.")


def _files() -> Findings:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    mend = (
        "Raise it: LimitNOFILE=65536 (systemd), --ulimit nofile=65536 (containers), ulimit -Hn 65536 (shell)."
    )
    workers = settings.WEB_CONCURRENCY if settings.configured else 1
    if hard == resource.RLIM_INFINITY:
        yield ok("A process may open any number of files.")
        return
    sockets = max(hard - RESERVE, hard // 2)
    text = f"A process may open {hard:,} files: about {sockets * workers:,} people at once."
    if hard < 2 * RESERVE:
        yield error(text, mend)
    elif sockets < FEW:
        yield warning(text, mend)
    else:
        yield ok(text)


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return f"{name or platform.system()} ({platform.machine()}, kernel {platform.release()})"
