"""Doctor as an operator runs it, beside parts that are broken in earnest."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from chatscape.testing.environment import clean
from chatscape.testing.server import ROOT, _prepared_state

if TYPE_CHECKING:
    from chatscape.doctor.findings import Finding

# Nobody listens there.
CLOSED = "127.0.0.1:1"


@dataclass(frozen=True)
class Said:
    """What doctor said, as a program reads it."""

    status: int
    findings: list[dict[str, str]]
    printed: str

    def of(self, check: str, level: str = "") -> list[dict[str, str]]:
        return [each for each in self.findings if each["check"] == check and level in ("", each["level"])]

    def one(self, level: str, words: str) -> dict[str, str]:
        """Return the only finding with these words."""
        [found] = [each for each in self.findings if each["level"] == level and words in each["text"]]
        assert found["mend"], "it says how to mend it"
        return found


Doctor = Callable[..., Said]


def errors(found: "Iterator[Finding]") -> list[str]:
    """Return what is told as an error; each says how to mend it."""
    told = [each for each in found if each.level == "error"]
    assert all(each.mend for each in told)
    return [each.text for each in told]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A folder with a migrated database and collected files, as after `make run`."""
    folder = tmp_path / "var"
    shutil.copytree(_prepared_state(), folder)
    folder.chmod(0o700)
    return folder


@pytest.fixture
def doctor(var: Path) -> Doctor:
    """Run `manage.py doctor --json` with nothing configured but what is given."""

    def run(*arguments: str, before: tuple[str, ...] = (), **env: str) -> Said:
        done = subprocess.run(
            [*before, sys.executable, str(ROOT / "manage.py"), "doctor", "--json", *arguments],
            cwd=ROOT,
            env={**clean(os.environ), "CHATSCAPE_VAR": str(var), **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        told = json.loads(done.stdout)
        assert told["ok"] is (done.returncode == 0)
        return Said(done.returncode, told["findings"], done.stdout + done.stderr)

    return run


@pytest.fixture
def answering() -> Iterator[Callable[..., str]]:
    """Serve what a function of the request returns, (status, headers, body), and return the address."""
    started: list[ThreadingHTTPServer] = []

    def serve(answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            date = ""

            def do_GET(self) -> None:
                status, headers, body = answer(self)
                self.send_response_only(status)
                if "Date" not in headers:
                    self.send_header("Date", self.date_time_string())
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in started:
        server.shutdown()
        server.server_close()
