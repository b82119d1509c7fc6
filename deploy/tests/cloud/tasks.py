"""ECS, which runs nothing in the emulator: containers are processes here, told what those are."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from chatscape.testing.environment import clean
from chatscape.testing.parts import free_port

# What only AWS has. Without them the server keeps its data in a file.
NOT_HERE = ("DATABASE_URL", "REDIS_URL")


class Tasks:
    """The emulator's ECS, with tasks that run. `root` is the checkout, `folder` what they write to.

    `client` makes clients for whoever calls ECS, `own` for what ECS does by itself.
    """

    def __init__(
        self, client: Callable[[str], Any], own: Callable[[str], Any], root: Path, folder: Path
    ) -> None:
        self.client, self.own = client, own
        self.root, self.folder = root, folder
        self.served: Callable[[str], None] = lambda _address: None
        # What each command was told, secrets included.
        self.told: dict[str, dict[str, str]] = {}
        self._codes: dict[str, int] = {}
        self._running = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client("ecs"), name)

    def run_task(self, *, taskDefinition: str, **_wanted: Any) -> Any:  # noqa: N803
        command, environ = self._container(taskDefinition)
        arn = f"arn:aws:ecs:eu-central-1:123456789012:task/chatscape-trial/{len(self._codes)}"
        self._codes[arn] = subprocess.call(command, cwd=self.root, env=environ)
        return {"tasks": [{"taskArn": arn}]}

    def describe_tasks(self, *, tasks: list[str], **_: Any) -> Any:
        [arn] = tasks
        ended = {"taskArn": arn, "lastStatus": "STOPPED", "containers": [{"exitCode": self._codes[arn]}]}
        return {"tasks": [ended]}

    def describe_services(self, **wanted: Any) -> Any:
        """Have the newest version running before it is said that it does."""
        found = self.client("ecs").describe_services(**wanted)
        for service in found["services"]:
            # The service is there before the database is migrated for it.
            if self._codes:
                self._serve(service["taskDefinition"])
            service["runningCount"] = service["desiredCount"]
            served = {"taskDefinition": service["taskDefinition"], "rolloutState": "COMPLETED"}
            service["deployments"] = [{"status": "PRIMARY", **served}]
        return found

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
        self._process, self._running = None, ""

    def _serve(self, definition: str) -> None:
        if definition == self._running:
            return
        self.stop()
        command, environ = self._container(definition)
        # As the image's build does.
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(collect, cwd=self.root, env=environ, check=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.root, env=environ, stdout=log, stderr=log)
        address = f"127.0.0.1:{environ['PORT']}"
        end = time.monotonic() + 120
        while _status(address, "/health/ready") != 200:
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < end, "the server is not ready"
            time.sleep(0.2)
        self._running = definition
        self.served(address)

    def _container(self, definition: str) -> tuple[list[str], dict[str, str]]:
        """Return what a container runs, and its environment with what this machine is in place of AWS."""
        ecs, secrets = self.own("ecs"), self.own("secretsmanager")
        found = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        [container] = found["containerDefinitions"]
        told = {one["name"]: one["value"] for one in container["environment"]}
        for one in container["secrets"]:
            secret, _, rest = one["valueFrom"].partition(":::")
            told[one["name"]] = secrets.get_secret_value(SecretId=secret, VersionId=rest)["SecretString"]
        self.told[container["command"][0]] = told
        here = {
            "HOST": "127.0.0.1",
            "PORT": str(free_port()),
            "CHATSCAPE_VAR": str(self.folder / "state"),
            "STATIC_ROOT": str(self.folder / "static"),
            "TMPDIR": str(self.folder),
        }
        kept = {name: value for name, value in told.items() if name not in NOT_HERE}
        return [sys.executable, "manage.py", *container["command"]], {**clean(os.environ), **kept, **here}


def _status(address: str, path: str) -> int:
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
