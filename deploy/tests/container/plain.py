"""Follow the Dockerfile without a container engine: on a copy-on-write view of this very machine.

The machine is the base, an overlay takes what each step writes, and in the end the whole is made read-only.
Everything lives in a mount namespace that ends with the process that holds it. Needs root, and Linux.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Self

from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, wait_until
from deploy.cloud.image import files

DOCKERFILE = ROOT / "deploy/container/Dockerfile"
# Not everybody has it on their path.
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
# Empty at first in every stage. The last is where the state will be.
PLACES = ("/srv", "/tmp", "/build", "/var/lib/chatscape")  # noqa: S108
IDENTITY = ("--reuid=10001", "--regid=10001", "--clear-groups", "--bounding-set=-all", "--no-new-privs")


@dataclass
class Stage:
    """One stage, with what its instructions have set so far."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"


def stages(text: str) -> list[Stage]:
    """Read a Dockerfile: its stages, each with instructions and their arguments, lines put together."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append(Stage(rest.partition(" AS ")[2]))
        elif found:
            found[-1].steps.append((word, rest.strip()))
    return found


def locked() -> list[Path]:
    """The files of what requirements.txt names, as this environment has them, below its site-packages."""
    found: list[Path] = []
    lock = (ROOT / "requirements.txt").read_text()
    for name, marker in re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==\S+( ;)?", lock, re.MULTILINE):
        try:
            found += [Path(str(file)) for file in distribution(name).files or () if ".." not in file.parts]
        except PackageNotFoundError:
            # For another system or version of Python.
            if not marker:
                raise
    return found


class Layout:
    """The stages' file systems, in a mount namespace of their own."""

    # The one that made this environment: libraries for another version are not here.
    python = str(getattr(sys, "_base_executable", sys.executable))

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last = Stage("")
        self.roots: dict[str, Path] = {}
        # `cat` lives until its input ends, and the mounts with it.
        holder = ["unshare", "--mount", "--propagation", "private", "cat"]
        self.holder = subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        # Until it has its own, nothing must be mounted: it would be this machine's.
        own, theirs = Path("/proc/self/ns/mnt"), Path(f"/proc/{self.holder.pid}/ns/mnt")
        wait_until(lambda: theirs.readlink() != own.readlink(), why="a mount namespace")

    def words(self, *command: str | Path) -> list[str]:
        """A command as it is called inside."""
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", *map(str, command)]

    def inside(self, script: str) -> None:
        done = subprocess.run(self.words("sh", "-euc", script), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{script}\n{done.stdout}\n{done.stderr}"[-4000:])

    def build(self) -> Self:
        """Do what the Dockerfile says, step by step."""
        for stage in stages(DOCKERFILE.read_text()):
            root = self.roots[stage.name] = self.folder / (stage.name or "last")
            root.mkdir()
            self.mount(root, self.folder / f"{root.name}.changes")
            for word, rest in stage.steps:
                getattr(self, f"_{word.lower()}", lambda *_: None)(stage, root, rest)
            self.last = stage
        return self

    def mount(self, root: Path, changes: Path) -> None:
        # On a file system of its own: an overlay must not lie in what it covers.
        self.inside(
            f"mkdir {changes}; mount -t tmpfs -o mode=0755 none {changes}\n"
            f"mkdir {changes}/up {changes}/work\n"
            f"mount -t overlay -o lowerdir=/,upperdir={changes}/up,workdir={changes}/work none {root}\n"
            f"mount -t proc none {root}/proc; mount --rbind /dev {root}/dev\n"
        )
        # What this machine has there is not in the way.
        for place in PLACES:
            self.inside(f"mkdir -p {root}{place}; mount -t tmpfs -o mode=0755 none {root}{place}")
        self.inside(f"chmod 1777 {root}{PLACES[1]}")
        # A base image has its Python where everybody may run it; here it may be in somebody's home.
        for folder in Path(self.python).parents:
            self.inside(f"chmod a+x {root}{folder}")

    def _workdir(self, stage: Stage, root: Path, rest: str) -> None:
        stage.folder = rest
        self.inside(f"mkdir -p {root}{rest}")

    def _env(self, stage: Stage, root: Path, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            stage.env[name] = value.replace("$PATH", self.path())

    def path(self) -> str:
        """Where programs are, this interpreter's own Python first: the machine's may be another version."""
        return f"{Path(self.python).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

    def _copy(self, stage: Stage, root: Path, rest: str) -> None:
        *flags, source, target = rest.split()
        target = f"{root}{Path(stage.folder, target)}"
        if flags:
            other = self.roots[flags[0].removeprefix("--from=")]
            self.inside(f"cp -a {other}{source}/. {target}/")
        elif source == ".":
            listed = self.folder / "files"
            kept = [str(file.relative_to(ROOT)) for file in files(ROOT)]
            listed.write_text("\n".join(name for name in kept if "container/Dockerfile" not in name))
            self.inside(f"tar -C {ROOT} -cf - --files-from={listed} | tar -C {target} -xf - --no-same-owner")
        else:
            self.inside(f"mkdir -p {target}; cp {ROOT}/{source} {target}/")

    def _run(self, stage: Stage, root: Path, rest: str) -> None:
        if "/bin/pip " in rest:
            assert "--require-hashes --only-binary=:all:" in rest
            # No test reaches a package index: what it would bring is here already.
            return self._install(root)
        # What was installed is compiled already.
        rest = rest.replace(" /srv/app /srv/venv", " /srv/app")
        env = shlex.join(f"{name}={value}" for name, value in {"PATH": self.path(), **stage.env}.items())
        self.inside(f"{CHROOT} {root} env -i {env} sh -euc {shlex.quote(f'cd {stage.folder}; {rest}')}")

    def _install(self, root: Path) -> None:
        target = f"{root}/srv/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
        source = distribution("django").locate_file("")
        listed = self.folder / "wheels"
        listed.write_text("\n".join(str(file) for file in locked() if Path(str(source), file).exists()))
        self.inside(f"tar -C {source} -cf - --files-from={listed} | tar -C {target} -xf -")

    def seal(self, state: Path) -> None:
        """Make the last stage read-only but for /tmp and its state, as `--read-only` does."""
        root = self.roots[""]
        state.mkdir(mode=0o700)
        os.chown(state, 10001, 10001)
        self.inside(
            f"mount --bind {state} {root}/var/lib/chatscape\n"
            f"mount -o remount,ro {root}; mount -o remount,ro {root}/srv"
        )

    def command(self, *words: str) -> list[str]:
        """A command as the image's user calls it in the last stage, with the image's environment."""
        root, env = self.roots[""], [f"{name}={value}" for name, value in self.last.env.items()]
        inner = ["env", "-i", *env, "sh", "-c", f'cd {self.last.folder}; exec "$@"', "sh", *words]
        return self.words(CHROOT, root, "setpriv", *IDENTITY, *inner)

    def said(self, what: str) -> list[str]:
        """The words of an instruction in JSON form, such as ENTRYPOINT."""
        (rest,) = (rest for word, rest in self.last.steps if word == what)
        found: list[str] = json.loads(rest[rest.index("[") :])
        return found

    def close(self) -> None:
        self.holder.communicate()


class Contained(Process):
    """The image's own command in that layout, at another port."""

    name = "image"

    def __init__(self, folder: Path, layout: Layout, port: int) -> None:
        super().__init__(folder)
        self.layout, self.port = layout, port

    def command(self) -> list[str]:
        words = [*self.layout.said("ENTRYPOINT"), *self.layout.said("CMD")]
        return self.layout.command("env", f"PORT={self.port}", "HOST=127.0.0.1", *words)

    def ready(self) -> bool:
        check = self.layout.command("env", f"PORT={self.port}", *self.layout.said("HEALTHCHECK"))
        return subprocess.run(check, capture_output=True, check=False).returncode == 0
