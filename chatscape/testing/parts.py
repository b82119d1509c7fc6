"""Real PostgreSQL and Redis servers for tests, on free loopback ports, gone afterwards.

As a program:

    python -m chatscape.testing.parts install            find or fetch all parts, say what they are
    python -m chatscape.testing.parts run -- COMMAND     run COMMAND with DATABASE_URL and REDIS_URL
"""

import argparse
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self, TypeVar

from chatscape.testing.machine import Missing, find, install
from chatscape.testing.processes import Process, as_user, free_port

S = TypeVar("S", bound=Process)


class RedisServer(Process):
    """A Redis server that keeps nothing, or everything when `durable`."""

    name = "redis"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__(_folder())
        self.program = find("redis-server")
        self.durable = durable
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        settings = self.folder / "redis.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir "{self.folder}"\nsave ""\n'
            f"appendonly {'yes' if self.durable else 'no'}\nappendfsync always\ndaemonize no\n"
        )
        return [self.program.path, settings]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.program.env}

    def ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer and (more := connection.recv(100)):
                    answer += more
                return b"PONG" in answer
        except OSError:
            return False


class PostgresServer(Process):
    """A PostgreSQL server with one empty database, `chatscape`.

    It does not wait for the disk: what it has acknowledged survives `kill`, not a power cut.
    """

    name = "postgres"
    polite = signal.SIGINT

    def __init__(self) -> None:
        super().__init__(_folder())
        self.program = find("postgres")
        self.data = self.folder / "data"
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        self.url = self._url("chatscape")
        self._initialise()

    def _url(self, database: str) -> str:
        return f"postgres://chatscape:{self.password}@127.0.0.1:{self.port}/{database}"

    def user(self) -> str | None:
        return "nobody" if os.geteuid() == 0 else None

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        return {**kept, "LC_ALL": "C.UTF-8", "HOME": str(self.folder), **self.program.env}

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if user := self.user():
            account = pwd.getpwnam(user)
            for path in (self.folder, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        try:
            self._run(
                "initdb",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--username=chatscape",
                f"--pwfile={secret}",
                # The socket lies in a folder only this user can enter.
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                f"--pgdata={self.data}",
            )
        except BaseException:
            self.close()
            raise

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.program.path.resolve().with_name(program), *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **as_user(self.user()),
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def command(self) -> Sequence[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "max_connections": 120,
            "shared_buffers": "64MB",
            "fsync": "off",
            "full_page_writes": "off",
            "timezone": "GMT",
        }
        return [
            self.program.path.resolve(),
            "-D",
            self.data,
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ]

    def ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def start(self, timeout: float = 60) -> Self:
        first = not self.log.exists()
        super().start(timeout)
        if first:
            self.create_database("chatscape")
        return self

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        self._run("createdb", "-h", str(self.folder), "-p", str(self.port), "-U", "chatscape", name)
        return self._url(name)


def start_redis(*, durable: bool = False) -> RedisServer:
    """Start a Redis server. Use it as a context manager, or call `close`."""
    return _started(RedisServer(durable=durable))


def start_postgres() -> PostgresServer:
    """Start a PostgreSQL server. Use it as a context manager, or call `close`."""
    return _started(PostgresServer())


def _started(server: S) -> S:
    try:
        return server.start()
    except BaseException:
        server.close()
        raise


def _folder() -> Path:
    # Another user must be able to reach it when root starts PostgreSQL.
    return Path(tempfile.mkdtemp(prefix="chatscape-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108


def run(command: Sequence[str]) -> int:
    """Run a command with real servers, and return its exit status."""
    with start_postgres() as postgres, start_redis() as redis:
        child = subprocess.Popen(
            command, env={**os.environ, "DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        )
        try:
            return child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def _end(number: int, _frame: object) -> NoReturn:
    # An exception, so that every server is stopped on the way out.
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chatscape.testing.parts", description="Real parts for tests."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("install", help="find or fetch PostgreSQL (twice), Redis, Chromium and a provider")
    runner = verbs.add_parser("run", help="run a command with DATABASE_URL and REDIS_URL")
    runner.add_argument("command", nargs="+", help="the command, after --")
    given = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        if given.verb == "run":
            return run(given.command)
        for name, program in install().items():
            print(f"{name}: {program.version()} at {program.path}")
        # Imported here: it is made of what is above.
        from chatscape.testing import newer_postgres, openid

        print(f"oidc-provider: on Node {openid.install()} at {openid.folder()}")
        try:
            print(f"newer postgres: {newer_postgres.install()} at {newer_postgres.folder()}")
        except Missing as missing:
            # Its tests say so and are left out.
            print(f"newer postgres: {missing}")
    except Missing as missing:
        print(f"parts: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
