"""What is missing is told before anything is begun, a line each."""

import json

import pytest

from deploy.tests.cloud.conftest import PROGRAMS, REGION, aws

ARGUMENTS = ("up", "trial", "--yes", f"--region={REGION}")


def test_each_missing_thing_is_a_line(world, monkeypatch, capsys):
    for name in PROGRAMS:
        (world.bin / name).unlink()
    monkeypatch.setattr("deploy.cloud.up.client", lambda session, name: session.client(name))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")

    assert world.run(*ARGUMENTS) == 1

    terraform, builder, credentials = capsys.readouterr().err.strip().splitlines()
    assert terraform.startswith("terraform is missing: install 1.11 or newer")
    assert (
        builder
        == "Nothing here can build an image: start docker (with buildx), or install buildah or podman."
    )
    assert credentials == "No AWS credentials: set AWS_PROFILE, or sign in (`aws sso login`)."
    assert not (world.root / "deploy/environments").exists()


def test_an_old_terraform_is_refused(world, monkeypatch, capsys):
    monkeypatch.setenv("STUB_TERRAFORM", "1.9.8")

    assert world.run(*ARGUMENTS) == 1
    assert capsys.readouterr().err == "terraform is too old (1.9.8): install 1.11 or newer.\n"


def test_docker_without_a_daemon_builds_nothing(world, capsys):
    for name in ("buildah", "podman"):
        (world.bin / name).unlink()
    world.fails("docker info")

    assert world.run(*ARGUMENTS) == 1
    assert "Nothing here can build an image" in capsys.readouterr().err


def test_without_a_region_nothing_is_guessed(world, capsys):
    assert world.run("up", "trial", "--yes") == 1
    assert capsys.readouterr().err == "No AWS region: say REGION=eu-central-1, for example.\n"


@pytest.mark.parametrize("name", ["", "Prod", "-prod", "prod-", "p", "a" * 17, "../x", "prod\n"])
def test_a_name_that_cannot_be_one_is_refused(world, capsys, name):
    assert world.run("up", f"--region={REGION}", "--", name) == 1
    assert "is no name" in capsys.readouterr().err


def test_choices_are_kept_and_used_again(world):
    world.run(*ARGUMENTS, "--domain=chat.example.org", "--size=large", "--nat-gateway")
    file = world.root / "deploy/environments/trial.json"
    kept = file.read_text()
    world.run("up", "trial", "--yes", "--no-nat-gateway")

    assert '"domain": "chat.example.org"' in kept
    assert '"nat_gateway": true' in kept
    assert file.read_text() == kept.replace("true", "false")


def test_an_environment_does_not_move_to_another_region(world, capsys):
    world.run(*ARGUMENTS)

    assert world.run("up", "trial", "--yes", "--region=us-east-1") == 1
    assert capsys.readouterr().err == f"trial lives in {REGION}; another region needs another ENV.\n"


@pytest.mark.parametrize("text", ["{", "[]", '{"regoin": "x"}', '{"image_tag": "x"}'])
def test_choices_that_cannot_be_understood_name_their_file(world, capsys, text):
    file = world.root / "deploy/environments/trial.json"
    file.parent.mkdir()
    file.write_text(text)

    assert world.run(*ARGUMENTS) == 1
    assert str(file) in capsys.readouterr().err


def test_what_aws_refuses_is_one_line(world, monkeypatch, capsys):
    from botocore.exceptions import ClientError

    def refused(*_args, **_options):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "PutBucketPolicy")

    monkeypatch.setattr("deploy.cloud.state.ensure", refused)

    assert world.run(*ARGUMENTS) == 1
    assert capsys.readouterr().err == "AWS refused PutBucketPolicy: AccessDenied: no way\n"


def test_credentials_that_have_expired_say_so(world, monkeypatch, capsys):
    from botocore.exceptions import ClientError

    class Sts:
        def get_caller_identity(self):
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")

    monkeypatch.setattr("deploy.cloud.up.client", lambda _session, _name: Sts())

    assert world.run(*ARGUMENTS) == 1
    assert capsys.readouterr().err.startswith("The AWS credentials are not accepted: sign in again.")


def test_plan_changes_nothing_and_takes_no_lock(world, capsys):
    assert world.run("plan", "trial", f"--region={REGION}") == 1
    assert "There is nothing yet to compare with" in capsys.readouterr().err
    assert aws("s3").list_buckets()["Buckets"] == []
    world.run(*ARGUMENTS)
    world.forget()

    assert world.run("plan", "trial") == 0

    later = world.lines()
    assert [line.split()[1] for line in later] == ["init", "plan"]
    assert "-lock=false" in later[1]


def test_any_variable_of_terraform_may_be_chosen_in_the_file(world):
    file = world.root / "deploy/environments/trial.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"region": REGION, "settings": {"LOG_LEVEL": "DEBUG"}, "size": "large"}))

    assert world.run("up", "trial", "--yes") == 0

    told = json.loads((world.root / "var/cloud/trial/variables.tfvars.json").read_text())
    assert told["settings"] == {"LOG_LEVEL": "DEBUG"}
    assert told["environment"] == "trial"
    assert "size" not in told
    assert [line for line in world.lines() if " plan " in line and "/sizes/large.tfvars" in line]


def test_a_size_that_is_none_is_refused(world, capsys):
    assert world.run(*ARGUMENTS, "--size=huge") == 1
    assert capsys.readouterr().err.startswith("There is no size 'huge'")
