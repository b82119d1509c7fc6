"""ChatScape itself, run as people run it, for journeys and for tests that break things."""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from chatscape.testing.discretion import told_by_server
from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, free_port


class Server(Process):
    """`manage.py serve` on a free port, with its own state, which survives `kill` and `restart`.

    `env` configures it as the environment would. Without `DATABASE_URL` and `REDIS_URL` it is the
    embedded default, whatever the tests themselves run on. Processes that share a database each get
    their own `Server`.
    """

    name = "chatscape"

    def __init__(self, env: Mapping[str, str] | None = None, *, port: int | None = None) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="chatscape-")))
        self.port = port or free_port()
        self.var = self.folder / "var"
        self.env = dict(env or {})
        self.url = f"http://127.0.0.1:{self.port}"
        self.websocket_url = f"ws://127.0.0.1:{self.port}/ws/"
        self._prepared = False

    def environment(self) -> dict[str, str]:
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "CHATSCAPE_VAR": str(self.var),
            # One address is all of a test's people, and they are quick.
            "LIMITS": "off",
            "PYTHONUNBUFFERED": "1",
        }
        return {**clean(os.environ), **own, **self.env}

    def working_folder(self) -> Path:
        return ROOT

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, ROOT / "manage.py", "serve"]

    def prepare(self) -> None:
        """Migrate the database and collect the static files, once."""
        if self._prepared:
            return
        shutil.copytree(_prepared_state(), self.var, dirs_exist_ok=True)
        # The embedded database came with the copy; another one has its own story.
        if "DATABASE_URL" in self.env:
            self.manage("migrate", "--verbosity=0")
        self._prepared = True

    def start(self, timeout: float = 60) -> Self:
        self.prepare()
        return super().start(timeout)

    def close(self) -> None:
        """End it and remove its state. Raises `AssertionError` when its log tells what it must not."""
        self.stop()
        told = told_by_server(self.log, self.var / "chatscape.sqlite3")
        super().close()
        assert not told, "The server's log holds:\n" + "\n".join(told[:20])

    def ready(self) -> bool:
        try:
            return self.get("/health/live")[0] == 200
        except OSError:
            return False

    def get(self, path: str, timeout: float = 10) -> tuple[int, str]:
        """Return the status and the body of a page, as nobody in particular sees it."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run one of `manage.py`'s commands beside the server, and return what it printed."""
        return _manage(self.environment(), *arguments, stdin=stdin)


@functools.cache
def _prepared_state() -> Path:
    """Return a folder with a migrated database and collected files, made once a process."""
    temporary = tempfile.TemporaryDirectory(prefix="chatscape-")
    # Removed with everything else when the interpreter ends.
    atexit.register(temporary.cleanup)
    folder = Path(temporary.name)
    env = {**clean(os.environ), "CHATSCAPE_VAR": str(folder)}
    _manage(env, "migrate", "--verbosity=0")
    _manage(env, "collectstatic", "--noinput", "--verbosity=0")
    return folder


def _manage(env: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
