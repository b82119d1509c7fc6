"""From nothing, or from whatever is there, to a running environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import boto3

from deploy.cloud import checks, image, service, state
from deploy.cloud.asking import confirmed
from deploy.cloud.environment import Environment
from deploy.cloud.problems import Problem, told_plainly
from deploy.cloud.programs import run
from deploy.cloud.smoke import smoke_test
from deploy.cloud.terraform import Outputs, Terraform

# Terraform's name of a processor, and the builders'.
PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


def up(environment: Environment, session: boto3.Session, *, yes: bool) -> None:
    """Make the environment what the checkout says, in an order that may be interrupted anywhere.

    Every step looks at what is there first. The new pages' files are in the bucket before a page names
    them, the database is migrated before the code that needs it runs, and the old version serves until the
    new one is healthy.
    """
    step("Checking tools and credentials")
    account = checked(session, builds=True)
    bucket = state.bucket_name(account, environment.region)
    with told_plainly():
        state.ensure(client(session, "s3"), bucket, account, environment.region)
    image_tag = image.tag(environment.root)
    environment.save()
    terraform = Terraform(environment, image_tag)
    terraform.init(bucket, environment.region)

    step(f"What would change in {environment.name} (account {account}, {environment.region})")
    try:
        changes = terraform.plan()
        if changes and not yes and not confirmed("Make it so?", "yes"):
            raise Problem("Nothing was changed.")
        new = not terraform.has_registry()
        if new:
            step("Making the registry")
            terraform.apply_registry()
        step(f"Image {image_tag}")
        _image(environment, session, terraform.known(), image_tag)
        if new:
            # What was planned before the registry was there is planned no longer.
            changes = terraform.plan()
        if changes:
            step("Making the rest")
            terraform.apply()
    finally:
        terraform.forget_plan()
    made = terraform.outputs()
    _put_into_service(environment, session, made)


def plan(environment: Environment, session: boto3.Session) -> None:
    """Show what `up` would change; nothing is written, so it may run where little is allowed."""
    account = checked(session, builds=False)
    bucket = state.bucket_name(account, environment.region)
    with told_plainly():
        if not state.exists(client(session, "s3"), bucket, account):
            raise Problem(f"There is nothing yet to compare with: `make up ENV={environment.name}` makes it.")
    if not environment.file.exists():
        missing = environment.file.relative_to(environment.root)
        raise Problem(f"{environment.name} is not known here: {missing} is missing.")
    terraform = Terraform(environment, image.tag(environment.root))
    terraform.init(bucket, environment.region)
    try:
        terraform.plan(locked=False)
    finally:
        terraform.forget_plan()


def checked(session: boto3.Session, *, builds: bool) -> str:
    """Return the account's number when all that is needed is here; else print a line for each that is not."""
    lines = checks.missing(builds=builds)
    try:
        with told_plainly():
            account = checks.account(client(session, "sts"))
    except Problem as problem:
        lines.append(str(problem))
    if lines:
        raise Problem("\n".join(lines))
    return account


def client(session: boto3.Session, name: str) -> Any:
    """Return a client of a service of AWS; few of them have types."""
    make: Any = session.client
    return make(name)


# The variables of `manage.py deploy`, and the outputs that they are.
EXPORTED = {
    "AWS_REGION": "region",
    "AWS_DEFAULT_REGION": "region",
    "AWS_S3_BUCKET": "bucket",
    "AWS_CLOUDFRONT_DISTRIBUTION": "distribution",
    "PUBLIC_URL": "url",
}
# What exported files say as the server does, and so take from what that is told.
SHARED = ("SIGN_UP", "SOCKET_URL", "STATIC_URL")


def manage(environment: Environment, made: Mapping[str, Any], *words: str) -> None:
    """Run a command of manage.py for the environment, configured by Terraform's outputs and nothing else."""
    told = made.get("environment") or {}
    ours = {name: str(made.get(output, "")) for name, output in EXPORTED.items()}
    ours |= {name: told[name] for name in SHARED if name in told}
    run(
        [sys.executable, "manage.py", *words],
        folder=environment.root,
        environ={
            **{name: value for name, value in os.environ.items() if not _is_of_this_machine(name)},
            **ours,
            "CHATSCAPE_VAR": str(environment.folder / "state"),
        },
    )


def _is_of_this_machine(name: str) -> bool:
    """Say whether a variable configures a server of whoever types the command."""
    own = (*EXPORTED, *SHARED, "AWS_S3_PREFIX")
    return name.startswith("OIDC_") or name.removesuffix("_FILE") in own


def step(title: str) -> None:
    print(f"\n== {title}", flush=True)


def _image(environment: Environment, session: boto3.Session, made: Mapping[str, Any], image_tag: str) -> None:
    ecr = client(session, "ecr")
    repository = str(made["ecr_repository"])
    platform = PLATFORMS[str(made.get("architecture") or environment.settings.get("architecture", "X86_64"))]
    with told_plainly():
        if image.is_pushed(ecr, repository, image_tag):
            print("It is in the registry already")
            return
        program = image.builder()
        if program is None:
            raise Problem("Nothing here can build an image any more.")
        image.build_and_push(
            ecr, repository, image_tag, program=program, platform=platform, root=environment.root
        )


def _put_into_service(environment: Environment, session: boto3.Session, made: Outputs) -> None:
    ecs, logs = client(session, "ecs"), client(session, "logs")
    with told_plainly():
        step("Migrating the database")
        service.migrate(ecs, logs, made)
    step("Static files")
    manage(environment, asdict(made), "deploy", "--no-input", "--wait=900")
    with told_plainly():
        step("Replacing the running version")
        service.roll(ecs, made)
    step("Asking it")
    smoke_test(made.url)
    print(f"\n{environment.name} is up: {made.url}")
