"""An emulator of AWS's APIs as a server, and the copy of the code that it can hold.

It has no response headers policies and publishes no functions (CloudFront), forgets the nodes of a
replication group and deletes no subnet group (ElastiCache), and knows no tags of scaling targets (Application
Auto Scaling). Those alone are taken out of the copy that is applied. It cannot weigh conditions in policies
of buckets, and a statement with one refuses everybody: such are left out by `main`, which also notes what is
asked: the file "actions" beside the log has a line such as `testing s3:GetObject`, with whose key, for each.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatscape.testing.parts import free_port

KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    # What it cannot do it answers with 500: asking 25 times does not help.
    "AWS_MAX_ATTEMPTS": "3",
}
PROVIDERS = """
provider "aws" {
  region            = var.region
  s3_use_path_style = true
}

provider "aws" {
  alias             = "us_east_1"
  region            = "us-east-1"
  s3_use_path_style = true
}

locals {
  headers = {}
}

resource "aws_cloudfront_function" "variants" {
  publish = false
}
"""


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Run it as a server, its log in `folder`; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "deploy.tests.terraform.emulator", "-H", "127.0.0.1", "-p", str(port)]
    environ = {**os.environ, "EMULATOR_ACTIONS": str(folder / "actions")}
    with (
        (folder / "emulator.log").open("w") as log,
        subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 120
        try:
            while not _answers(url):
                assert time.monotonic() < end, "the emulator does not answer"
                assert process.poll() is None, "the emulator has ended"
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()  # noqa: S310 - loopback
    except OSError:
        return False
    return True


def lacking(folder: Path) -> None:
    """Take out of a copy of the code what the emulator lacks."""
    front, secrets = folder / "cdn.tf", folder / "secrets.tf"
    front.write_text(re.sub(r" +response_headers_policy_id .*\n", "", front.read_text()))
    (folder / "cache.tf").unlink()
    (folder / "autoscaling.tf").unlink()
    endpoint = "${aws_elasticache_replication_group.main.primary_endpoint_address}"
    secrets.write_text(secrets.read_text().replace(endpoint, "cache.invalid"))


def main() -> None:
    from moto import server
    from moto.core.authorization import ActionAuthenticatorMixin
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    plain = IAMPolicyStatement.is_action_permitted

    def permitted(self: Any, *args: Any, **options: Any) -> Any:
        return PermissionResult.NEUTRAL if "Condition" in self._statement else plain(self, *args, **options)

    def noted(self: Any, *_: Any) -> None:
        signed = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        if signed:
            key, service = signed.groups()
            action = self.data.get("Action") if service == "s3" else self._get_action()
            with Path(os.environ["EMULATOR_ACTIONS"]).open("a") as actions:
                actions.write(f"{key} {service}:{action}\n")

    IAMPolicyStatement.is_action_permitted = permitted
    ActionAuthenticatorMixin._authenticate_and_authorize_action = noted
    server.main(sys.argv[1:])


if __name__ == "__main__":
    main()
