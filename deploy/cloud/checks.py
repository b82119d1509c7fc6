"""What this machine needs before anything is begun."""

import json
import shutil
import subprocess
from typing import Any

from deploy.cloud import image
from deploy.cloud.problems import Problem, told_plainly

# The first that locks a state in S3 without a table beside it.
TERRAFORM_LEAST = (1, 11)


def missing(*, builds: bool) -> list[str]:
    """Return a line for each program that is missing or too old, with what helps."""
    lines = []
    least = ".".join(map(str, TERRAFORM_LEAST))
    version = _terraform_version()
    if version is None:
        lines.append(
            f"terraform is missing: install {least} or newer, https://developer.hashicorp.com/terraform/install"
        )
    elif version < TERRAFORM_LEAST:
        lines.append(f"terraform is too old ({'.'.join(map(str, version))}): install {least} or newer.")
    if builds and image.builder() is None:
        lines.append(
            "Nothing here can build an image: start docker (with buildx), or install buildah or podman."
        )
    return lines


def account(sts: Any) -> str:
    """Return the number of the AWS account; a `Problem` when nobody is signed in, or no longer."""
    try:
        with told_plainly():
            number: str = sts.get_caller_identity()["Account"]
    except Problem as problem:
        if "Expired" in str(problem) or "InvalidClientTokenId" in str(problem):
            raise Problem(f"The AWS credentials are not accepted: sign in again. ({problem})") from problem
        raise
    return number


def _terraform_version() -> tuple[int, ...] | None:
    if not shutil.which("terraform"):
        return None
    said = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=False)
    try:
        numbers = json.loads(said.stdout)["terraform_version"].partition("-")[0]
        return tuple(map(int, numbers.split(".")))
    except (ValueError, KeyError):
        return None
