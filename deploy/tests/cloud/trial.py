"""A checkout that is brought to an emulator of AWS by the real programs; see `test_whole`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from django.conf import settings

import deploy.cloud.__main__ as program
from deploy.cloud import down, environment, service, smoke, up
from deploy.tests.cloud.edge import Edge, serving
from deploy.tests.cloud.tasks import Tasks
from deploy.tests.terraform import emulator
from deploy.tests.terraform.machine import plugins

REGION = "eu-central-1"
CHECKOUT = ("manage.py", "accounts", "chat", "chatscape", "deploy", "static", "templates")
CHOICES = {
    "region": REGION,
    "sign_up": "open",
    "settings": {"LOG_LEVEL": "WARNING"},
    "github_repository": "example/chatscape",
}
# Whose key those use who look on.
LOOKING = "looking"
BACKEND = """
terraform {
  backend "s3" {
    encrypt        = true
    use_lockfile   = true
    use_path_style = true
  }
}
"""
# What the emulator is told and does not tell again.
FORGOTTEN = {
    "aws_cloudfront_distribution.front": (
        *("default_cache_behavior", "ordered_cache_behavior"),
        *("origin", "viewer_certificate"),
    ),
    "aws_db_instance.main": ("performance_insights_enabled",),
    "aws_db_parameter_group.main": ("parameter",),
    "aws_ecs_service.web": (
        *("availability_zone_rebalancing", "desired_count", "enable_ecs_managed_tags"),
        *("health_check_grace_period_seconds", "task_definition"),
    ),
    "aws_vpc_security_group_egress_rule.each": ("description",),
    "aws_vpc_security_group_ingress_rule.each": ("description",),
    "aws_vpc_security_group_ingress_rule.cloudfront": ("description",),
}
# It pushes a name instead of an image.
DOCKER = """#!{python}
import json, os, sys
import boto3
words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join(words) + "\\n")
if "--push" in words:
    repository, _, tag = words[words.index("--tag") + 1].rpartition(":")
    config = {{"mediaType": "x", "size": 1, "digest": "sha256:" + "0" * 64}}
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {{"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}}
    name = repository.partition("/")[2]
    what = {{"imageManifest": json.dumps(manifest), "imageTag": tag}}
    boto3.client("ecr", "{region}").put_image(repositoryName=name, **what)
"""
# The real one, which the trial stands before.
_ask = smoke.ask


def client(name):
    """Return a client for whoever looks on, and for what AWS does by itself."""
    return boto3.client(name, REGION, aws_access_key_id=LOOKING, aws_secret_access_key=LOOKING)


def operator(name):
    """Return a client as `make up` has it."""
    return boto3.client(name, REGION)


@dataclass
class Trial:
    """A checkout, and the AWS that it is brought to."""

    root: Path
    tasks: Tasks
    site: str = ""

    def run(self, *words):
        return program.main(words)

    def terraform(self, *words):
        environ = {**os.environ, "TF_DATA_DIR": str(self.root / "var/cloud/trial/terraform")}
        command = ["terraform", f"-chdir={self.root}/deploy/terraform", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout

    def manage(self, *words, typed, **environ):
        """Run a command of manage.py by hand; return what it says."""
        own = {**os.environ, "CHATSCAPE_VAR": str(self.root / "var/by-hand"), **environ}
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(
            command, input=typed, cwd=self.root, env=own, capture_output=True, text=True, check=True
        ).stdout

    def outputs(self):
        return {name: one["value"] for name, one in json.loads(self.terraform("output", "-json")).items()}

    def get(self, path, host):
        status, headers, body = _ask(f"{self.site}{path}", {"Host": host})
        return status, headers, body.decode()

    def asked(self):
        """Return what was asked of AWS since the last time, but by those who look on."""
        file = self.root.parent / "actions"
        lines = file.read_text().splitlines()
        file.unlink()
        return {line.split()[1] for line in lines if line.split()[0] != LOOKING}

    def built(self):
        return [line for line in (self.root / "calls").read_text().splitlines() if "--push" in line]

    def written(self):
        """Return all that `up` can write: objects, images, tasks, and what CloudFront was asked to forget."""
        s3, cloudfront = client("s3"), client("cloudfront")
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        versions = [
            (bucket, version["Key"], version["VersionId"])
            for bucket in buckets
            for version in s3.list_object_versions(Bucket=bucket).get("Versions", [])
            if not version["Key"].endswith(".tflock")
        ]
        [distribution] = cloudfront.list_distributions()["DistributionList"]["Items"]
        forgotten = cloudfront.list_invalidations(DistributionId=distribution["Id"])["InvalidationList"]
        return {
            "objects": sorted(versions),
            "images": self.built(),
            "tasks": client("ecs").list_task_definitions()["taskDefinitionArns"],
            "forgotten": len(forgotten["Items"]),
        }


@contextmanager
def trial_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """Give a trial with its checkout in `folder`; skip where the provider is not."""
    found = plugins()
    if found is None:
        pytest.skip("the provider is not on this machine (TF_PLUGIN_DIR may name its folder)")
    root = checkout(folder / "checkout")
    with emulator.emulator(folder) as url:
        surroundings(monkeypatch, root, url, found)
        tasks, edge = Tasks(operator, client, root, folder), Edge(client)
        tasks.served = lambda address: setattr(edge, "task", address)
        for module in (up, down):
            monkeypatch.setattr(
                module, "client", lambda _session, name: tasks if name == "ecs" else operator(name)
            )
        with serving(edge) as site:
            monkeypatch.setattr(smoke, "ask", asked_of(site))
            try:
                yield Trial(root, tasks, site)
            finally:
                tasks.stop()


def checkout(root):
    """Copy what is checked out, with what the emulator lacks taken out of the code."""
    root.mkdir()
    for name in CHECKOUT:
        source = Path(settings.BASE_DIR) / name
        if source.is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "tests", ".*", "*.tfstate*", "environments")
            shutil.copytree(source, root / name, ignore=left_out)
        else:
            shutil.copy(source, root)
    code = root / "deploy/terraform"
    forgotten = "".join(
        'resource "{}" "{}" {{\n  lifecycle {{\n    ignore_changes = [{}]\n  }}\n}}\n'.format(
            *address.split("."), ", ".join(attributes)
        )
        for address, attributes in FORGOTTEN.items()
    )
    (code / "trial_override.tf").write_text(BACKEND + emulator.PROVIDERS + forgotten)
    emulator.lacking(code)
    (root / "deploy/database-ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    choices = root / "deploy/environments/trial.json"
    choices.parent.mkdir()
    choices.write_text(json.dumps(CHOICES))
    return root


def surroundings(monkeypatch, root, url, found):
    """Let programs find the emulator and the stand-ins, and nothing of whoever runs this."""
    import os

    for name in [
        name for name in os.environ if name.startswith(("AWS_", "TF_")) or name.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(name)
    docker = root / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER.format(python=sys.executable, region=REGION))
    docker.chmod(0o755)
    for name, value in {
        **emulator.KEYS,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "CALLS": str(root / "calls"),
        "CHECKPOINT_DISABLE": "1",
        "PATH": f"{docker.parent}{os.pathsep}{os.environ['PATH']}",
        "TF_CLI_ARGS": "-no-color",
        "TF_CLI_ARGS_init": f"-plugin-dir={found}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment.environment, "__defaults__", (root,))
    monkeypatch.setattr(smoke.smoke_test, "__kwdefaults__", {"patience": 60.0, "look": 0.2})
    for function in (service.migrate, service.roll):
        monkeypatch.setattr(function, "__kwdefaults__", {"look": 0.1})


def asked_of(site):
    """Ask CloudFront's stand-in instead of its name."""

    def ask(url, headers):
        host, _, path = url.removeprefix("https://").partition("/")
        assert url.startswith("https://")
        return _ask(f"{site}/{path}", {**headers, "Host": host})

    return ask
