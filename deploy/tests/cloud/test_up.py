"""One command brings an environment up, in an order that may be interrupted anywhere."""

import json

import pytest

from deploy.cloud import image
from deploy.tests.cloud.conftest import REGION, REPOSITORY, aws
from deploy.tests.cloud.fakes import Ecs

ARGUMENTS = ("up", "trial", "--yes", f"--region={REGION}")
STATE = f"chatscape-state-123456789012-{REGION}"


MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "x", "size": 1, "digest": f"sha256:{'0' * 64}"},
        "layers": [],
    }
)


def told(capsys):
    """The last line on the standard error: what people read."""
    return capsys.readouterr().err.strip().splitlines()[-1]


def pushed(world):
    """What docker's stand-in did not do: the image is in the registry."""
    aws("ecr").put_image(
        repositoryName="chatscape-trial", imageManifest=MANIFEST, imageTag=image.tag(world.root)
    )


def test_everything_is_made_in_order(world):
    assert world.run(*ARGUMENTS) == 0

    tag = image.tag(world.root)
    size = "-var-file=/deploy/terraform/sizes/small.tfvars"
    kept = f"{size} -var-file=/var/cloud/trial/variables.tfvars.json"
    init = f"-backend-config=bucket={STATE} -backend-config=key=chatscape/trial/terraform.tfstate"
    build = f"--file deploy/container/Dockerfile --build-arg REVISION={tag} --provenance=false"
    plan = "plan -detailed-exitcode -out=/var/cloud/trial/up.tfplan " + kept
    assert world.lines() == [
        f"terraform init -reconfigure {init} -backend-config=region={REGION}",
        f"terraform {plan}",
        "terraform output -json",
        f"terraform apply -auto-approve -target=aws_ecr_repository.app {kept}",
        "terraform output -json",
        "terraform output -json",
        f"docker login --username AWS --password-stdin {REPOSITORY.partition('/')[0]}",
        f"docker buildx build --platform linux/amd64 {build} --tag {REPOSITORY}:{tag} --push .",
        f"terraform {plan}",
        "terraform apply /var/cloud/trial/up.tfplan",
        "terraform output -json",
        "manage deploy --no-input --wait=900",
    ]
    assert world.ecs.calls == ["migrate", "look one", "look one", "update"]


def test_the_second_run_builds_and_changes_nothing(world):
    world.run(*ARGUMENTS)
    pushed(world)
    world.forget()

    assert world.run("up", "trial", "--yes") == 0

    again = world.lines()
    assert not [line for line in again if "apply" in line or "build " in line]
    assert again[-1] == "manage deploy --no-input --wait=900"
    assert world.ecs.calls.count("update") == 1


@pytest.mark.parametrize(
    "broken",
    [
        "terraform init",
        "terraform plan",
        "-target=aws_ecr_repository.app",
        "docker login",
        "docker buildx build",
        "apply /",
        "manage deploy",
    ],
)
def test_a_step_that_fails_is_told_in_a_line_and_the_next_run_finishes(world, capsys, broken):
    world.fails(broken.replace("apply /", f"apply {world.root}"))

    assert world.run(*ARGUMENTS) == 1

    line = told(capsys)
    assert line.endswith("failed with exit code 1; what it said is above.")
    assert not list(world.root.glob("var/cloud/trial/*.tfplan"))
    world.works()
    assert world.run("up", "trial", "--yes") == 0
    assert world.ecs.calls[-1] == "update"


def test_what_runs_is_kept_when_migrations_fail_and_their_log_is_shown(world, capsys):
    world.ecs = Ecs(exit_code=1)

    assert world.run(*ARGUMENTS) == 1

    said = capsys.readouterr()
    assert "  relation does not exist\n" in said.out
    assert (
        said.err.strip() == "The migrations failed (exit code 1); the service still runs what it ran before."
    )
    assert "update" not in world.ecs.calls
    assert "manage deploy --no-input --wait=900" not in world.lines()


@pytest.mark.parametrize(("code", "reason"), [(None, "CannotPullContainerError"), (-1, "RESOURCE:ENI")])
def test_migrations_that_never_start_say_why(world, capsys, code, reason):
    world.ecs = Ecs(exit_code=code)

    assert world.run(*ARGUMENTS) == 1
    assert reason in told(capsys)


def test_migrations_of_an_interrupted_run_are_awaited_first(world):
    world.ecs.left_behind = ["arn:task/earlier"]

    assert world.run(*ARGUMENTS) == 0
    assert world.ecs.calls[:3] == ["look earlier", "look earlier", "migrate"]


def test_migrations_run_where_the_service_runs(world):
    world.run(*ARGUMENTS)

    assert world.ecs.started["networkConfiguration"] == {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "ENABLED",
        }
    }
    assert world.ecs.started["taskDefinition"] == "chatscape-trial-migrate"


def test_a_version_that_does_not_start_is_told_with_the_reason(world, capsys):
    world.ecs = Ecs(stuck=True)

    assert world.run(*ARGUMENTS) == 1
    assert told(capsys).endswith("the old one serves: tasks failed their health checks")


@pytest.mark.parametrize("state", ["FAILED", "IN_PROGRESS"])
def test_what_ended_before_the_migrations_is_tried_again(world, monkeypatch, state):
    monkeypatch.setattr("deploy.cloud.service.STABLE_SECONDS", 1)
    world.ecs = Ecs(failing=state)

    assert world.run(*ARGUMENTS) == 0
    assert world.ecs.calls[-1] == "update"


def test_a_site_that_does_not_answer_is_a_failure(world, site, capsys):
    site.answers["/ws/"] = (404, "text/html", b"not found")

    assert world.run(*ARGUMENTS) == 1
    assert told(capsys) == (
        f"The smoke test of {site.url} failed: a socket was answered 404 instead of being refused by the app."
    )


def test_nothing_is_changed_without_a_person_who_agrees(world, capsys):
    assert world.run("up", "trial", f"--region={REGION}") == 1

    assert told(capsys) == "Nobody is there to confirm it: run it in a terminal, or add YES=1."
    assert not [line for line in world.lines() if "apply" in line]


@pytest.mark.parametrize(("typed", "code"), [("yes", 0), ("no", 1), ("", 1)])
def test_a_person_is_asked(world, monkeypatch, typed, code):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: typed)

    assert world.run("up", "trial", f"--region={REGION}") == code
    assert bool([line for line in world.lines() if "apply" in line]) == (code == 0)


def test_ctrl_c_says_how_to_go_on(world, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("deploy.cloud.image.build_and_push", interrupted)

    assert world.run(*ARGUMENTS) == 130
    assert told(capsys) == "Interrupted. The same command again goes on from here."


def test_a_state_that_is_locked_says_what_helps(world, capsys):
    world.fails("terraform plan", "Error acquiring the state lock\n  ID:        1b2c\n  Path: x")

    assert world.run(*ARGUMENTS) == 1
    line = told(capsys)
    assert line.startswith("Another run holds the state's lock.")
    assert line.endswith("force-unlock 1b2c")


def test_the_registry_password_is_in_no_command_line(world):
    world.run(*ARGUMENTS)

    typed = (world.root / "typed").read_text().strip()
    assert typed
    assert not [line for line in world.lines() if typed in line]


def test_without_docker_buildah_builds(world):
    (world.bin / "docker").unlink()

    assert world.run(*ARGUMENTS) == 0

    build = [line for line in world.lines() if line.startswith("buildah ")]
    assert [line.split()[1] for line in build] == ["login", "build", "push"]
    assert "--ignorefile deploy/container/Dockerfile.dockerignore" in build[1]


def test_every_variable_of_the_deploy_command_is_an_output(world):
    world.run(*ARGUMENTS)

    environ = world.environ()
    outputs = {
        name: entry["value"] for name, entry in json.loads((world.root / "outputs").read_text()).items()
    }
    assert {
        name: environ[name] for name in ("AWS_S3_BUCKET", "AWS_CLOUDFRONT_DISTRIBUTION", "PUBLIC_URL")
    } == {
        "AWS_S3_BUCKET": outputs["bucket"],
        "AWS_CLOUDFRONT_DISTRIBUTION": outputs["distribution"],
        "PUBLIC_URL": outputs["url"],
    }
    assert environ["AWS_REGION"] == environ["AWS_DEFAULT_REGION"] == outputs["region"]
    assert environ["CHATSCAPE_VAR"].startswith(str(world.root))


def test_exported_files_say_what_the_server_is_told(world, monkeypatch):
    monkeypatch.setenv("SIGN_UP", "invited")
    monkeypatch.setenv("SOCKET_URL_FILE", "/of/this/machine")
    monkeypatch.setenv("AWS_S3_PREFIX", "of/this/machine/")
    monkeypatch.delenv("PORT", raising=False)
    world.run(*ARGUMENTS)

    environ = world.environ()
    assert environ["SIGN_UP"] == "open"
    assert not {"PORT", "SOCKET_URL", "SOCKET_URL_FILE", "AWS_S3_PREFIX"} & environ.keys()


def test_an_output_that_is_missing_is_named(world, capsys):
    world.outputs(ecr_repository=REPOSITORY, bucket="b")

    assert world.run(*ARGUMENTS) == 1
    assert "lack distribution, url, cluster" in told(capsys)
