"""Processes that tests start, hurt and wait for."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """Return the process and all its descendants, parents first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = entry.read_text().rpartition(")")[2].split()[1]
            parents.setdefault(int(parent), []).append(int(entry.parent.name))
    found = [pid]
    for member in found:
        found += parents.get(member, [])
    return found


def exists(pid: int) -> bool:
    """Say whether a process is there and not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition: Callable[[], object], *, timeout: float = 10, why: str = "condition") -> None:
    """Wait until `condition()` is true, and no longer. Raises `TimeoutError`."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{why}: not within {timeout} seconds")
        time.sleep(0.02)


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def as_user(name: str | None) -> _User:
    """Return what makes a child process run as that user, or as this one."""
    if name is None:
        return {}
    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Process:
    """One server process, with the ways to hurt it that tests need."""

    name = "server"
    polite = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def ready(self) -> bool:
        """Say whether it answers. Called until it does."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command(),
                cwd=self.working_folder(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **as_user(self.user()),
            )

    def working_folder(self) -> Path:
        return self.folder

    def user(self) -> str | None:
        """The user it runs as, when it refuses to run as root."""
        return None

    def start(self, timeout: float = 60) -> Self:
        """Start it and wait until it answers. Raises `RuntimeError` with its last words."""
        if self.is_running():
            return self
        deadline = time.monotonic() + timeout
        self.process = self.spawn()
        while not self.ready():
            if not self.is_running() or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.02)
        return self

    def stop(self, timeout: float = 15) -> None:
        """Ask it to end, and end it when it does not."""
        if self.process is None:
            return
        if self.is_running():
            self.resume()
            self.process.send_signal(self.polite)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, as `kill -9` or a power cut would."""
        if self.process is None:
            return
        members = self._signal(signal.SIGKILL)
        self.process.wait()
        self.process = None
        # Children die by themselves, a moment later, and hold what the next start needs.
        wait_until(lambda: not any(map(exists, members)), why=f"the end of {self.name}'s children")

    def restart(self, timeout: float = 60) -> Self:
        """Stop it and start it again, at the same address with the same state."""
        self.stop()
        return self.start(timeout)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> list[int]:
        members = family(self.pid) if self.is_running() else []
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return members

    def last_words(self, characters: int = 4000) -> str:
        try:
            return self.log.read_text(errors="replace")[-characters:]
        except FileNotFoundError:
            return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop it and remove everything it kept."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
