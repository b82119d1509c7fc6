"""An environment: its name, and what it is made of."""

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.cloud.problems import Problem

ROOT = Path(__file__).resolve().parents[2]
# Names of buckets and of Redis clusters are made of it, and those are short.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}[a-z0-9]")
# What `up` is told by flags. All but the size are variables of deploy/terraform.
FLAGS = ("region", "size", "domain", "zone_id", "owner_email", "alarm_email", "budget_usd", "nat_gateway")
_SIZE = "small"


@dataclass(frozen=True)
class Environment:
    """What ``make up`` was told, now or before.

    The choices live in ``deploy/environments/NAME.json`` beside the code, so that the next run, a
    colleague's and the one in CI are the same without being told again. Any variable of deploy/terraform may
    be written there.
    """

    name: str
    settings: Mapping[str, Any]
    root: Path = ROOT

    @property
    def region(self) -> str:
        return str(self.settings["region"])

    @property
    def size(self) -> Path:
        """Return the file of Terraform variables that make it small, medium or large."""
        return self.root / "deploy/terraform/sizes" / f"{self.settings['size']}.tfvars"

    def variables(self) -> dict[str, Any]:
        """Return what Terraform is told, the size apart."""
        chosen = {name: value for name, value in self.settings.items() if name != "size"}
        return {**chosen, "environment": self.name}

    @property
    def file(self) -> Path:
        return file_of(self.root, self.name)

    @property
    def folder(self) -> Path:
        """Return where this machine keeps what can be made again: plans, plugins."""
        return self.root / "var/cloud" / self.name

    def save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(sorted(self.settings.items())), indent=2) + "\n"
        if not self.file.exists() or self.file.read_text() != text:
            self.file.write_text(text)
            print(f"Kept the choices in {self.file.relative_to(self.root)}: commit it.")


def environment(name: str, flags: argparse.Namespace, region: str | None, root: Path = ROOT) -> Environment:
    """Return the environment with the choices of before, changed by the flags given now.

    `region` is the one of this machine's AWS configuration, for who says none.
    """
    if not _NAME.fullmatch(name):
        raise Problem(
            f"ENV={name!r} is no name: 2-16 small letters, digits and hyphens make one, such as prod."
        )
    kept = _kept(file_of(root, name), root)
    said = {key: value for key in FLAGS if (value := getattr(flags, key, None)) is not None}
    if kept.get("region") and said.get("region", kept["region"]) != kept["region"]:
        raise Problem(f"{name} lives in {kept['region']}; another region needs another ENV.")
    settings = {"region": region, "size": _SIZE, **kept, **said}
    if not settings["region"]:
        raise Problem("No AWS region: say REGION=eu-central-1, for example.")
    chosen = Environment(name, settings, root)
    if not chosen.size.is_file():
        raise Problem(f"There is no size {settings['size']!r}: {chosen.size} is missing.")
    return chosen


def file_of(root: Path, name: str) -> Path:
    return root / "deploy/environments" / f"{name}.json"


def _kept(file: Path, root: Path) -> dict[str, Any]:
    try:
        kept = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Problem(f"{file} is not JSON: {error}.") from error
    if not isinstance(kept, dict):
        raise Problem(f"{file} must hold one object.")
    declared = (root / "deploy/terraform/variables.tf").read_text()
    known = {"size", *re.findall(r'^variable "(\w+)"', declared, re.MULTILINE)} - {"environment", "image_tag"}
    if unknown := sorted(set(kept) - known):
        raise Problem(f"{file}: {', '.join(unknown)} is no variable of deploy/terraform.")
    return kept
