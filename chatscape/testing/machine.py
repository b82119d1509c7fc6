"""Find the programs that tests need on this machine, or put them there.

What the machine has is used. Otherwise root installs Debian's package without starting its
service, and anybody else unpacks it, with the libraries the machine lacks, into a private folder:
``var/parts``, or ``CHATSCAPE_PARTS``. ``CHATSCAPE_PARTS_IGNORE_SYSTEM=1`` pretends that the machine
is a bare Debian, which is how the private way is tried on a machine that has everything.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Missing(Exception):
    """A program that tests need is neither here nor to be had."""


@dataclass(frozen=True)
class Part:
    """A program, the names it goes by, the folders it hides in, and the packages that bring it."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    folders: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Program:
    """A program that was found, and the environment it needs."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """Return what the program says of itself, or nothing when it does not run."""
        try:
            done = subprocess.run(
                [self.path, "--version"],
                env={**os.environ, **self.env},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""


PARTS = {
    "postgres": Part(
        names=("postgres",),
        packages=("postgresql",),
        folders=("usr/lib/postgresql/*/bin", "usr/local/pgsql/bin", "opt/homebrew/opt/postgresql*/bin"),
        hint="PostgreSQL 14 or newer",
    ),
    "redis-server": Part(
        names=("redis-server", "valkey-server"),
        packages=("redis-server",),
        folders=("usr/bin", "usr/local/bin", "opt/homebrew/bin"),
        hint="Redis 6 or newer",
    ),
    "chromium": Part(
        names=("chromium", "google-chrome-stable", "google-chrome", "chrome", "chromium-browser"),
        packages=("chromium", "fonts-dejavu-core"),
        folders=(
            "usr/lib/chromium",
            "usr/bin",
            "opt/google/chrome",
            "Applications/Chromium.app/Contents/MacOS",
        ),
        hint="Chromium or Chrome",
    ),
}


def ignores_system() -> bool:
    return os.environ.get("CHATSCAPE_PARTS_IGNORE_SYSTEM", "") not in ("", "0")


def private_folder() -> Path:
    return Path(os.environ.get("CHATSCAPE_PARTS") or ROOT / "var" / "parts").absolute()


def find(name: str) -> Program:
    """Return the program called `name`, or raise `Missing`, saying how to get it."""
    for program in candidates(name):
        return program
    part = PARTS[name]
    raise Missing(f"{part.hint} is not here. Run `make parts`, or install {' and '.join(part.packages)}.")


def candidates(name: str) -> Iterator[Program]:
    """Every place where the program is, the machine's own first."""
    part = PARTS[name]
    if not ignores_system():
        # A folder that names a version holds the real program, not a wrapper: newest first.
        for path in _in_folders(Path("/"), part):
            yield Program(path)
        for alias in part.names:
            if path_found := shutil.which(alias):
                yield Program(Path(path_found))
    root = private_folder() / "root"
    for path in _in_folders(root, part):
        yield Program(path, _environment(root))


def _in_folders(root: Path, part: Part) -> Iterator[Path]:
    for alias in part.names:
        found = [path for folder in part.folders for path in root.glob(f"{folder}/{alias}")]
        usable = [path for path in found if path.is_file() and os.access(path, os.X_OK)]
        yield from sorted(usable, key=_version_in, reverse=True)


def _version_in(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"/(\d+)/", str(path))]


def _environment(root: Path) -> dict[str, str]:
    """What programs unpacked under `root` need to find their libraries and fonts."""
    patterns = ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/*-linux-gnu*/pulseaudio")
    folders = [str(path) for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_dir()]
    inherited = os.environ.get("LD_LIBRARY_PATH")
    return {
        "LD_LIBRARY_PATH": ":".join([*folders, *([inherited] if inherited else [])]),
        "FONTCONFIG_FILE": str(root.parent / "fonts.conf"),
    }


def install(names: Iterable[str] = PARTS) -> dict[str, Program]:
    """Return every named program, installing those that are missing or do not run."""
    programs: dict[str, Program] = {}
    for name in names:
        program = _working(name)
        if program is None:
            part = PARTS[name]
            if not shutil.which("apt-get"):
                raise Missing(f"{part.hint} is not here, and neither is apt-get. Install it, then try again.")
            print(f"parts: fetching {' '.join(part.packages)}", flush=True)
            if os.geteuid() == 0 and not ignores_system():
                _install_as_root(part.packages)
            else:
                _unpack(part.packages)
            program = _working(name)
        if program is None:
            raise Missing(f"{PARTS[name].hint} was fetched but does not run. Install it, then try again.")
        programs[name] = program
    return programs


def _working(name: str) -> Program | None:
    return next((program for program in candidates(name) if program.version()), None)


def _apt(*arguments: str, options: Iterable[str] = (), wanted: str | None = None) -> None:
    """Run apt-get, and raise `Missing` with its last words when it fails."""
    given = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        ["apt-get", "-q", "-y", *given, *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-2000:]
        raise Missing(f"apt-get could not bring {wanted or 'its lists'}:\n{words}")


def _install_as_root(packages: tuple[str, ...]) -> None:
    """Install packages for everybody, keeping their services from starting."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        arguments = ("install", "--no-install-recommends", *packages)
        try:
            _apt(*arguments, wanted=" ".join(packages))
        except Missing:
            # The lists are missing or old.
            _apt("update")
            _apt(*arguments, wanted=" ".join(packages))
    finally:
        if ours:
            policy.unlink(missing_ok=True)


def _unpack(packages: tuple[str, ...]) -> None:
    """Download packages and what they need beyond this machine's own, and unpack them, as anybody."""
    folder = private_folder()
    state, cache, root = folder / "apt" / "state", folder / "apt" / "cache", folder / "root"
    for needed in (state / "lists" / "partial", cache / "archives" / "partial", root):
        needed.mkdir(parents=True, exist_ok=True)
    status = Path("/var/lib/dpkg/status")
    if ignores_system():
        status = state / "status"
        status.write_text(bare(Path("/var/lib/dpkg/status").read_text()))
    options = [
        f"Dir::State={state}",
        f"Dir::State::status={status}",
        f"Dir::Cache={cache}",
        "Debug::NoLocking=1",
        # Root would otherwise hand downloads to a user who may not write here.
        "APT::Sandbox::User=",
    ]
    _apt("update", options=options)
    _apt(
        "install",
        "--download-only",
        "--no-install-recommends",
        *packages,
        options=options,
        wanted=" ".join(packages),
    )
    for archive in sorted((cache / "archives").glob("*.deb")):
        # The C library must be the one of the machine's own loader.
        if not archive.name.startswith(("libc6_", "libc-bin_")):
            subprocess.run(["dpkg", "-x", archive, root], check=True)
        archive.unlink()
    (folder / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f"<dir>{root / 'usr/share/fonts'}</dir>\n<dir>/usr/share/fonts</dir>\n"
        f"<cachedir>{folder / 'fonts'}</cachedir>\n</fontconfig>\n"
    )


def bare(status: str) -> str:
    """Return dpkg's status cut down to the packages every Debian has, and what those need."""
    paragraphs: dict[str, str] = {}
    wanted: list[str] = []
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", paragraph, re.MULTILINE))
        name = fields.get("Package", "")
        paragraphs[name] = paragraph
        if fields.get("Priority") in ("required", "important"):
            wanted.append(name)
    kept: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in kept or name not in paragraphs:
            continue
        kept.add(name)
        for line in re.findall(r"^(?:Pre-)?Depends: *(.*)$", paragraphs[name], re.MULTILINE):
            wanted += re.findall(r"(?:^|[,|] *)([a-z0-9][a-z0-9+.-]*)", line)
    return "".join(f"{text}\n\n" for name, text in paragraphs.items() if name in kept)
