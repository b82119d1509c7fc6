"""A container engine for the tests: podman with a store of its own, or docker when its daemon answers."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chatscape.testing.machine import ROOT

DOCKERFILE = ROOT / "deploy/container/Dockerfile"
# What docs/self-hosting.md tells people to run it with.
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")  # noqa: S108
DEBIAN = "bookworm"


class Unusable(Exception):
    """There is no engine here, or it does not work; the message says what is missing."""


class Engine:
    """Build and run with one engine. Everything it keeps is in `folder`, or removed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[str] = []
        self.program, self.options, self.limits = "docker", [], []
        if shutil.which("docker") and succeeds("docker", "info"):
            return
        self.program = "podman"
        if not shutil.which("podman"):
            raise Unusable("needs podman, or docker and its daemon")
        if os.geteuid() != 0:
            raise Unusable("needs to be root to use podman with a store of its own")
        self.options = [
            *("--root", str(folder / "store"), "--runroot", str(folder / "run")),
            *("--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"),
        ]
        if shutil.which("runc"):
            # crun refuses machines that mix both kinds of control groups.
            self.options += ["--runtime", "runc"]
        # Without them podman asks for more than a root without CAP_SYS_RESOURCE may give.
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.limits = ["--ulimit", f"nofile={files}:{files}", "--ulimit", "nproc=1024:1024"]

    def __call__(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [self.program, *self.options, *words], capture_output=True, text=True, timeout=900, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"{self.program} {' '.join(words)}\n{done.stdout}\n{done.stderr}"[-6000:])
        return done

    def build(self, tag: str) -> None:
        """Build the image as `make image` does; podman gets a base made of Debian's packages."""
        words = ["build", "--file", str(DOCKERFILE), "--tag", tag]
        if self.program == "podman":
            wheels, settings = self.folder / "wheels", self.folder / "pip.conf"
            fetch_wheels(wheels)
            settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
            words += ["--build-arg", f"BASE={self._base()}", "--volume", f"{wheels}:/wheels:ro"]
            words += ["--secret", f"id=pip,src={settings}", "--isolation", "chroot"]
            words += ["--format", "docker", "--ignorefile", f"{DOCKERFILE}.dockerignore"]
        self(*words, str(ROOT))

    def _base(self) -> str:
        """Return what TEST_IMAGE_BASE names, an image or the tar file of a system, or make one."""
        given = os.environ.get("TEST_IMAGE_BASE", "")
        if given and not Path(given).is_file():
            return given
        tree = Path(given) if given else debian(self.folder / "base.tar")
        self("import", str(tree), "localhost/base")
        return "localhost/base"

    def start(self, image: str, name: str, *words: str, port: int, state: str) -> None:
        """Start the server as people are told to, at a port of this machine."""
        self.made.append(name)
        network = ["--network", "host", "--env", f"PORT={port}", "--env", "HOST=127.0.0.1"]
        volume = ["--volume", f"{state}:/var/lib/chatscape"]
        self("run", "--detach", "--name", name, *HARDENED, *self.limits, *network, *volume, *words, image)

    def run(self, image: str, *command: str, state: str) -> str:
        volume = ["--volume", f"{state}:/var/lib/chatscape", "--network", "none"]
        return self("run", "--rm", *HARDENED, *self.limits, *volume, image, *command).stdout

    def inside(self, name: str, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return self("exec", name, *command, check=check)

    def facts(self, what: str, kind: str = "container") -> dict[str, object]:
        found: list[dict[str, object]] = json.loads(self("inspect", "--type", kind, what).stdout)
        return found[0]

    def is_healthy(self, name: str) -> bool:
        """Run what the image says its health check is."""
        config = self.facts(name)["Config"]
        assert isinstance(config, dict)
        check = config.get("Healthcheck") or {}
        kind, *command = check["Test"]
        assert kind == "CMD"
        return self.inside(name, *command, check=False).returncode == 0

    def close(self) -> None:
        for name in self.made:
            self("rm", "--force", name, check=False)
        if self.program == "podman":
            self("system", "reset", "--force", check=False)


def debian(tree: Path) -> Path:
    """Make a small Debian with Python, as registries may be out of reach."""
    if not shutil.which("mmdebstrap"):
        raise Unusable("needs mmdebstrap, or TEST_IMAGE_BASE to name an image with Python")
    packages = "python3,python3-venv,ca-certificates,media-types,tzdata"
    made = subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--include={packages}", DEBIAN, tree],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Unusable(f"mmdebstrap cannot reach Debian's packages: {made.stderr[-300:]}")
    return tree


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fetch_wheels(folder: Path, python: str = "3.11") -> None:
    """Fetch what the lock names, from wherever this machine's pip gets it."""
    folder.mkdir()
    # pip would ask its own Python which ones are needed, not the image's.
    lock = re.sub(r" ; python_\S+ [<>=!]+ \S+", "", (ROOT / "requirements.txt").read_text())
    (folder / "lock.txt").write_text(lock)
    wanted: Sequence[str] = ("--require-hashes", "--only-binary=:all:", "--no-deps", "--quiet")
    platforms = [f"--platform=manylinux_{version}_{os.uname().machine}" for version in ("2_17", "2_28")]
    platforms.append(f"--platform=manylinux2014_{os.uname().machine}")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", *wanted, *platforms),
            *(f"--python-version={python}", f"--dest={folder}", f"--requirement={folder / 'lock.txt'}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Not every locked wheel is to be had:\n{done.stderr[-3000:]}")
