"""One command, from nothing to a site that people could use, once more, and back to nothing.

That takes minutes: `make soak` does it, where Terraform and its provider are.

`deploy.cloud`, Terraform, `manage.py deploy` and the server are the real ones, AWS is an emulator. What that
lacks altogether is taken out of the code (see `emulator`). It forgets some of what it is told, so those
attributes are not compared by the second run (`FORGOTTEN`). It runs nothing: containers are processes of this
machine that get the task definition's command, environment and secrets (`tasks`), with a file in place of
PostgreSQL, and without Redis and the pool that people sign in with; the image is a name in the registry; and
CloudFront, with the balancer behind it, is a server that reads its configuration from the emulator (`edge`),
without TLS, names in DNS, compression and headers of its own.
"""

import json
import re

import pytest

from deploy.cloud import image
from deploy.tests.cloud.edge import Edge
from deploy.tests.cloud.trial import CHOICES, REGION, client, trial_in
from deploy.tests.terraform.machine import needs_terraform

pytestmark = [needs_terraform, pytest.mark.soak]
# What is called otherwise in permissions, and what needs none. The emulator has no names of their own for
# encrypting a bucket and closing it to the public.
PERMISSIONS = {"s3:HeadBucket": "s3:ListBucket", "s3:CreateBucket": "s3:PutEncryptionConfiguration"}
FREE = {"sts:GetCallerIdentity"}


@pytest.fixture
def trial(tmp_path, monkeypatch):
    with trial_in(tmp_path, monkeypatch) as made:
        yield made


def files_say_where_they_are(trial, outputs):
    host = outputs["url"].removeprefix("https://")
    status, headers, body = trial.get("/config.json", host)
    said = json.loads(body)
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert (said["url"], said["socket"], said["static"]) == (outputs["url"], "/ws/", "/static/")
    # Chosen, not what it would be without a choice.
    assert said["sign_up"] == CHOICES["sign_up"]
    status, headers, worker = trial.get("/sw.js", host)
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    # What pages and the worker name is in the bucket, by the names of this version.
    _status, _headers, page = trial.get("/", host)
    named = set(re.findall(r'/static/[^"\'\s>)]+\.[0-9a-f]{12}\.(?:css|js)', page + worker))
    assert len(named) > 5
    for path in sorted(named):
        status, headers, _body = trial.get(path, host)
        assert (path, status) == (path, 200)
        assert "immutable" in headers["Cache-Control"]


def server_is_told_what_was_made(trial, outputs):
    told = trial.tasks.told["serve"]
    assert told == trial.tasks.told["migrate"]
    for name, output in {
        "PUBLIC_URL": "url",
        "OIDC_ISSUER": "oidc_issuer",
        "OIDC_CLIENT_ID": "oidc_client_id",
        "AWS_S3_BUCKET": "bucket",
        "AWS_CLOUDFRONT_DISTRIBUTION": "distribution",
    }.items():
        assert told[name] == outputs[output]
    assert told["LOG_LEVEL"] == CHOICES["settings"]["LOG_LEVEL"]
    [database] = client("rds").describe_db_instances()["DBInstances"]
    where = f"{database['Endpoint']['Address']}:{database['Endpoint']['Port']}"
    checked = "sslmode=verify-full&sslrootcert=/srv/app/deploy/database-ca.pem"
    assert told["DATABASE_URL"].endswith(f"@{where}/chatscape?{checked}")
    pool = outputs["user_pool"]
    users = client("cognito-idp").describe_user_pool_client(UserPoolId=pool, ClientId=told["OIDC_CLIENT_ID"])
    assert told["OIDC_CLIENT_SECRET"] == users["UserPoolClient"]["ClientSecret"]
    assert users["UserPoolClient"]["CallbackURLs"] == [f"{outputs['url']}/accounts/oidc/sso/login/callback/"]


def who_goes_around_the_front_is_refused(trial, outputs):
    host = outputs["url"].removeprefix("https://")
    edge = Edge(client)
    edge.task = "127.0.0.1:1"
    config = edge._distribution(host)
    [origin] = [one for one in config["Origins"]["Items"] if one["Id"] == "app"]
    assert edge._through_balancer(origin, "/", {"Host": host, "X-Forwarded-For": "192.0.2.9"})[0] == 403


def the_role_of_workflows_may_do_it(asked):
    """What a release asks for, by the names that permissions have, is what its role may do."""
    roles = client("iam")
    role = {"RoleName": "chatscape-trial-release"}
    documents = [
        roles.get_role_policy(**role, PolicyName=name)["PolicyDocument"]
        for name in roles.list_role_policies(**role)["PolicyNames"]
    ]
    allowed = {
        action
        for document in documents
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    # Containers are run by nobody whom the emulator knows.
    asked = {action.replace("monitoring:", "cloudwatch:") for action in asked}
    needed = {PERMISSIONS.get(action, action) for action in asked} | {"ecs:RunTask", "iam:PassRole"}
    assert {"ecs:RegisterTaskDefinition", "ecs:UpdateService", "ecr:PutImage", "s3:PutObject"} <= needed
    assert sorted(needed - allowed - FREE) == []


def nothing_is_left():
    assert client("rds").describe_db_instances()["DBInstances"] == []
    assert client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert client("ecr").describe_repositories()["repositories"] == []
    assert not client("cloudfront").list_distributions()["DistributionList"].get("Items")
    # Several environments share it; a snapshot outlives the database.
    [bucket] = client("s3").list_buckets()["Buckets"]
    assert bucket["Name"] == f"chatscape-state-123456789012-{REGION}"
    [_snapshot] = client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]


def test_one_command_makes_it_again_changes_nothing_and_one_takes_it_away(trial, capfd):
    assert trial.run("up", "trial", "--yes") == 0, capfd.readouterr().err
    outputs = trial.outputs()
    assert f"trial is up: {outputs['url']}" in capfd.readouterr().out
    files_say_where_they_are(trial, outputs)
    server_is_told_what_was_made(trial, outputs)
    who_goes_around_the_front_is_refused(trial, outputs)
    assert len(trial.built()) == 1
    assert trial.built()[0].count(f"{outputs['ecr_repository']}:{image.tag(trial.root)}") == 1
    before = trial.written()

    assert trial.run("up", "trial", "--yes") == 0

    said = capfd.readouterr().out
    assert "No changes." in said
    assert "Nothing to upload." in said
    assert trial.written() == before
    outputs = trial.terraform("output", "-json")
    by_hand = trial.manage(
        "deploy", "--outputs", "-", "--no-input", typed=outputs, SIGN_UP=CHOICES["sign_up"]
    )
    assert "Nothing to upload." in by_hand
    assert trial.written() == before

    trial.asked()
    with (trial.root / "static/css/base.css").open("a") as style:
        style.write("/* Another version. */\n")

    assert trial.run("up", "trial", "--yes") == 0, capfd.readouterr().err

    the_role_of_workflows_may_do_it(trial.asked())
    assert len(trial.built()) == 2
    files_say_where_they_are(trial, trial.outputs())

    assert trial.run("down", "trial", "--yes") == 0, capfd.readouterr().err
    assert trial.terraform("state", "list") == ""
    nothing_is_left()
