"""Terraform and its provider, where a machine has them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.tests.terraform import hcl, wrong

# Where administrators put plugins (https://developer.hashicorp.com/terraform/cli/config/config-file).
USUAL = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)

needs_terraform = pytest.mark.skipif(
    not shutil.which("terraform"),
    reason="terraform is not installed; the schema and policy checks have run without it",
)


def plugins() -> Path | None:
    """Return the folder of plugins that has the pinned provider: TF_PLUGIN_DIR, or a usual place."""
    named = [Path(os.environ["TF_PLUGIN_DIR"])] if os.environ.get("TF_PLUGIN_DIR") else []
    usual = [Path(place).expanduser() for place in USUAL]
    provider = f"registry.terraform.io/hashicorp/aws/{wrong.provider_version(hcl.read())}"
    folders = [*named, *usual, *sorted(Path("/opt").glob("*"))]
    return next((folder for folder in folders if (folder / provider).is_dir()), None)


def prepare(folder: Path, *, text: str = "", backend: bool = False) -> None:
    """Copy the code to a folder, add to it, and make terraform ready there; skip without the provider."""
    found = plugins()
    if found is None:
        pytest.skip("the provider is not on this machine (TF_PLUGIN_DIR may name its folder)")
    shutil.copytree(hcl.FOLDER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".terraform*"))
    if text:
        (folder / "trial_override.tf").write_text(text)
    terraform(folder, "init", f"-plugin-dir={found}", *([] if backend else ["-backend=false"]))


def terraform(folder: Path, *words: str, accepted: tuple[int, ...] = (0,), **environ: str) -> str:
    """Run terraform and return what it says; its words are the failure when it fails."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    ended = subprocess.run(
        ["terraform", f"-chdir={folder}", *words, *([] if words[0] == "state" else ["-no-color"])],
        env={**own, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in accepted, ended.stdout[-4000:] + ended.stderr
    return ended.stdout
