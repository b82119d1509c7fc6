"""The servers that are measured, each a process of its own."""

import json
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, free_port
from chatscape.testing.server import Server

Answer = dict[str, Any]

# Measurements open sockets as fast as they can; a server in use refuses such a surge for a moment.
UNBOUNDED = {"CONNECTS_PER_SECOND": "100000", "LIMITS": "off", "LOG_LEVEL": "ERROR"}


def product(**env: str) -> Server:
    """ChatScape as people run it, with its own database."""
    server = Server({**UNBOUNDED, **env})
    server.prepare()
    return server


class Trivial(Server):
    """The trivial page, served by ChatScape's own server."""

    def __init__(self) -> None:
        super().__init__({**UNBOUNDED, "DJANGO_SETTINGS_MODULE": "bench.trivial.settings"})
        self.prepare()
        self.manage("migrate", "--skip-checks", "--run-syncdb", "--verbosity=0")

    def command(self) -> Sequence[str | Path]:
        # The checks are about ChatScape's pages, which are not there.
        return [*super().command(), "--skip-checks"]


def seed(server: Server, call: str) -> Any:
    """Call a function of `bench.seeding` in a process with the server's database; return its answer."""
    code = f"import json; from bench import seeding; print('ANSWER' + json.dumps(seeding.{call}))"
    printed = server.manage("shell", "--no-imports", "-c", code)
    line = next(line for line in printed.splitlines() if line.startswith("ANSWER"))
    return json.loads(line.removeprefix("ANSWER"))


class Program(Process):
    """A Python program of ours that listens on a port."""

    def __init__(self, *command: str) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="chatscape-bench-")))
        self.port = free_port()
        self._command = command

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, *(word.replace("PORT", str(self.port)) for word in self._command)]

    def working_folder(self) -> Path:
        return ROOT

    def ready(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def bare_sockets() -> Program:
    return Program("-m", "bench.bare", "sockets", "PORT")


def bare_pages() -> Program:
    return Program("-m", "bench.bare", "pages", "PORT")


def ordinary() -> Program:
    """An ordinary consumer on Daphne."""
    return Program("-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "PORT", "bench.ordinary:application")


class DjangoHandler(Program):
    """The trivial page under Django's own ASGI handler on Daphne, with the database of another server."""

    def __init__(self, server: Server) -> None:
        super().__init__(
            "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "PORT", "bench.trivial.asgi:application"
        )
        self._environment = server.environment()

    def environment(self) -> dict[str, str]:
        return self._environment
