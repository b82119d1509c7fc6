"""One command takes an environment down, and says what is left."""

import re

import pytest

from deploy.cloud.terraform import PROTECTED
from deploy.tests.cloud.conftest import REGION, ROOT, aws

ARGUMENTS = ("down", "trial", "--yes")


@pytest.fixture
def made(world):
    """An environment that is up."""
    assert world.run("up", "trial", "--yes", f"--region={REGION}") == 0
    aws("s3").create_bucket(
        Bucket="chatscape-trial-static", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws("rds").create_db_instance(
        DBInstanceIdentifier="chatscape-trial",
        DBInstanceClass="db.t4g.small",
        Engine="postgres",
        MasterUsername="x",
        MasterUserPassword="password",
        AllocatedStorage=20,
    )
    world.forget()
    return world


def commands(world):
    return [line for line in world.lines() if line.split()[1] not in ("init", "output", "state")]


def test_everything_goes_in_order_and_what_is_left_is_said(made, capsys):
    assert made.run(*ARGUMENTS) == 0

    said = capsys.readouterr().out
    files = "-var-file=/deploy/terraform/sizes/small.tfvars -var-file=/var/cloud/trial/variables.tfvars.json"
    assert commands(made) == [
        "manage deploy --destroy --yes --no-input",
        f"terraform apply -auto-approve -target=aws_db_instance.main {files}",
        f"terraform destroy -auto-approve {files}",
    ]
    [snapshot] = aws("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert re.fullmatch(r"chatscape-trial-[0-9-]+", snapshot["DBSnapshotIdentifier"])
    assert f"- the state bucket chatscape-state-123456789012-{REGION}" in said
    assert f"snapshot {snapshot['DBSnapshotIdentifier']}" in said
    assert '"deletion_protection": false' in (made.root / "var/cloud/trial/variables.tfvars.json").read_text()


def test_without_a_snapshot_none_is_taken(made):
    assert made.run(*ARGUMENTS, "--no-snapshot") == 0
    assert aws("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []


@pytest.mark.parametrize(("typed", "code"), [("trial", 0), ("yes", 1), ("prod", 1)])
def test_the_name_must_be_typed(made, monkeypatch, typed, code):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: typed)

    assert made.run("down", "trial") == code
    assert bool(commands(made)) == (code == 0)


def test_nobody_to_ask_is_no_yes(made, capsys):
    assert made.run("down", "trial") == 1
    assert commands(made) == []


@pytest.mark.parametrize("broken", ["manage deploy --destroy", "terraform apply", "terraform destroy"])
def test_interrupted_it_goes_on(made, capsys, broken):
    made.fails(broken)
    assert made.run(*ARGUMENTS) == 1
    assert capsys.readouterr().err.strip().endswith("failed with exit code 1; what it said is above.")

    made.works()
    assert made.run(*ARGUMENTS) == 0
    assert commands(made)[-1].startswith("terraform destroy")


def test_again_there_is_nothing_to_empty_or_unprotect(made):
    made.run(*ARGUMENTS)
    aws("rds").delete_db_instance(DBInstanceIdentifier="chatscape-trial", SkipFinalSnapshot=True)
    made.forget()

    assert made.run(*ARGUMENTS) == 0
    assert [line.split()[1] for line in commands(made)] == ["destroy"]


def test_where_nothing_was_made_nothing_is_done(world, capsys):
    assert world.run(*ARGUMENTS, f"--region={REGION}") == 1
    assert capsys.readouterr().err.startswith("There is no state bucket")


def test_all_that_is_protected_in_the_code_is_unprotected_first():
    found = set()
    for file in (ROOT / "deploy/terraform").glob("*.tf"):
        for kind, name, body in re.findall(
            r'^resource "(\w+)" "(\w+)" \{(.*?)^\}', file.read_text(), re.MULTILINE | re.DOTALL
        ):
            if "var.deletion_protection" in body:
                found.add(f"{kind}.{name}")

    assert found == set(PROTECTED)
