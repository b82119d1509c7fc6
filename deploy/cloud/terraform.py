"""Terraform: what it is told, in one environment."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.cloud import state
from deploy.cloud.environment import Environment
from deploy.cloud.problems import Problem
from deploy.cloud.programs import Failed, Result, run

# What the image is pushed to must be there before the service that runs it.
REGISTRY = "aws_ecr_repository.app"
# What the variable deletion_protection keeps from being destroyed, or for a while after it was.
PROTECTED = (
    "aws_cognito_user_pool.people",
    "aws_db_instance.main",
    REGISTRY,
    "aws_lb.front",
    "aws_s3_bucket.static",
    "aws_secretsmanager_secret.app",
)
_LOCKED = "Error acquiring the state lock"


@dataclass(frozen=True)
class Outputs:
    """What Terraform says of the environment it made; the names are those of its outputs."""

    bucket: str
    distribution: str
    url: str
    ecr_repository: str
    cluster: str
    service: str
    migrate_task: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    region: str
    oidc_issuer: str
    oidc_client_id: str
    log_group: str
    environment: Mapping[str, str]


class Terraform:
    """Call terraform for one environment.

    Its plugins and the address of its state are kept in the environment's own folder, so two
    environments never meet, and the checkout stays as it was.
    """

    def __init__(self, environment: Environment, image_tag: str = "") -> None:
        self._environment = environment
        self._code = environment.root / "deploy/terraform"
        self._folder = environment.folder
        self._plan = self._folder / "up.tfplan"
        self._environ = {
            **os.environ,
            "TF_DATA_DIR": str(self._folder / "terraform"),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "AWS_REGION": environment.region,
        }
        self._values = {**environment.variables(), "image_tag": image_tag}

    def init(self, bucket: str, region: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        values = {"bucket": bucket, "key": state.key_of(self._environment.name), "region": region}
        self._run(
            "init", "-reconfigure", *(f"-backend-config={name}={value}" for name, value in values.items())
        )

    def plan(self, *, locked: bool = True) -> bool:
        """Show what would be changed, keep it for `apply`, and say whether it is anything."""
        lock = () if locked else ("-lock=false",)
        result = self._run(
            "plan", "-detailed-exitcode", f"-out={self._plan}", *lock, *self._variables(), accepted=(0, 2)
        )
        return result.code == 2

    def apply(self) -> None:
        """Do what was planned; a plan is good for once."""
        try:
            self._run("apply", str(self._plan))
        finally:
            # It holds secrets in plain text.
            self.forget_plan()

    def forget_plan(self) -> None:
        self._plan.unlink(missing_ok=True)

    def has_registry(self) -> bool:
        return bool(self._outputs().get("ecr_repository"))

    def apply_registry(self) -> str:
        """Make the place for images alone, and return its address."""
        self._run("apply", "-auto-approve", f"-target={REGISTRY}", *self._variables())
        repository = self._outputs().get("ecr_repository")
        if not repository:
            raise Problem("Terraform made no registry: its output ecr_repository is missing.")
        return str(repository)

    def outputs(self) -> Outputs:
        """Return every output; a `Problem` names those that are missing."""
        found = self._outputs()
        missing = [name for name in Outputs.__dataclass_fields__ if name not in found]
        if missing:
            raise Problem(
                f"Terraform's outputs lack {', '.join(missing)}: was it interrupted? Run `make up` again."
            )
        return Outputs(**{name: found[name] for name in Outputs.__dataclass_fields__})

    def known(self) -> Mapping[str, Any]:
        """Return the outputs there are; none in an environment that was never made."""
        return self._outputs()

    def unprotect(self) -> None:
        """Let what refuses to be destroyed be destroyed, as far as it is still there."""
        self._values["deletion_protection"] = False
        there = {line.partition("[")[0] for line in self._run("state", "list", captured=True).output.split()}
        targets = [f"-target={address}" for address in PROTECTED if address in there]
        if targets:
            self._run("apply", "-auto-approve", *targets, *self._variables())

    def destroy(self) -> None:
        self._run("destroy", "-auto-approve", *self._variables())

    def _outputs(self) -> dict[str, Any]:
        said = json.loads(self._run("output", "-json", captured=True).output or "{}")
        return {name: entry["value"] for name, entry in said.items()}

    def _variables(self) -> tuple[str, ...]:
        """Write down what it is told, and return the arguments that say where."""
        file = self._folder / "variables.tfvars.json"
        file.write_text(json.dumps(self._values, indent=2))
        return f"-var-file={self._environment.size}", f"-var-file={file}"

    def _run(self, *words: str, captured: bool = False, accepted: Sequence[int] = (0,)) -> Result:
        try:
            return run(
                ["terraform", *words],
                folder=self._code,
                environ=self._environ,
                captured=captured,
                accepted=accepted,
            )
        except Failed as failure:
            raise _explained(failure, self._code) from failure


def _explained(failure: Failed, code: Path) -> Problem:
    if _LOCKED not in failure.errors:
        return failure
    found = re.search(r"ID:\s+(\S+)", failure.errors)
    return Problem(
        "Another run holds the state's lock. If none is running: "
        f"terraform -chdir={code} force-unlock {found[1] if found else 'ID'}"
    )
