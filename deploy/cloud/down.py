"""Take an environment away, and say what is left."""

from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.cloud import state
from deploy.cloud.asking import confirmed
from deploy.cloud.environment import Environment
from deploy.cloud.problems import Problem, told_plainly
from deploy.cloud.terraform import Terraform
from deploy.cloud.up import checked, client, manage, step


def down(environment: Environment, session: boto3.Session, *, yes: bool, snapshot: bool) -> None:
    """Remove everything that `up` made for this environment, after its name was typed.

    A last snapshot of the database is taken unless `snapshot` is false.

    Interrupted and run again it goes on. The state bucket stays: other environments live in it, and its old
    versions tell what there was.
    """
    step("Checking tools and credentials")
    account = checked(session, builds=False)
    s3 = client(session, "s3")
    bucket = state.bucket_name(account, environment.region)
    with told_plainly():
        if not state.exists(s3, bucket, account):
            raise Problem(f"There is no state bucket in {environment.region}: nothing was ever made here.")
    terraform = Terraform(environment)
    terraform.init(bucket, environment.region)
    known = terraform.known()
    where = known.get("url", environment.name)
    print(f"This removes {where} (account {account}): its database, files and users.")
    if not yes and not confirmed("It cannot be undone.", environment.name):
        raise Problem("Nothing was removed.")

    with told_plainly():
        filled = "bucket" in known and _is_there(s3, str(known["bucket"]))
    if filled:
        step("Static files")
        manage(environment, known, "deploy", "--destroy", "--yes", "--no-input")
    if snapshot:
        step("A last snapshot of the database")
        with told_plainly():
            _snapshot(client(session, "rds"), f"chatscape-{environment.name}")
    step("Everything else")
    terraform.unprotect()
    terraform.destroy()

    step("What is left")
    with told_plainly():
        for line in _left(environment, bucket, client(session, "rds")):
            print(f"- {line}")


def _is_there(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            return False
        raise
    return True


def _snapshot(rds: Any, database: str) -> None:
    """Take a snapshot and wait until it is whole; nothing when the database is gone already."""
    name = f"{database}-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    try:
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=name)
    except rds.exceptions.DBInstanceNotFoundFault:
        print("The database is gone already")
        return
    except rds.exceptions.DBSnapshotAlreadyExistsFault:
        pass  # Of this very second: it is waited for.
    rds.get_waiter("db_snapshot_available").wait(
        DBSnapshotIdentifier=name, WaiterConfig={"Delay": 15, "MaxAttempts": 480}
    )
    print(f"Took {name}")


def _left(environment: Environment, bucket: str, rds: Any) -> list[str]:
    lines = [f"the state bucket {bucket}: other environments may live in it"]
    pages = rds.get_paginator("describe_db_snapshots").paginate(SnapshotType="manual")
    lines += [
        f"the database's snapshot {snapshot['DBSnapshotIdentifier']}, which costs a little every month"
        for page in pages
        for snapshot in page["DBSnapshots"]
        if snapshot["DBInstanceIdentifier"] == f"chatscape-{environment.name}"
    ]
    if environment.file.exists():
        lines.append(f"the choices in {environment.file.relative_to(environment.root)}")
    return lines
