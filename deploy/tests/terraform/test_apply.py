"""The code is applied to an emulator of AWS's APIs, looked at, and destroyed.

That takes minutes: `make soak` does it. What the emulator lacks is in `emulator`.
"""

import json

import boto3
import pytest

from deploy.tests.terraform import emulator
from deploy.tests.terraform.machine import needs_terraform, prepare, terraform

pytestmark = [needs_terraform, pytest.mark.soak]
REGION = "eu-central-1"
GIVEN = (
    "-auto-approve",
    "-input=false",
    "-var=environment=trial",
    "-var=image_tag=abc",
    "-var=deletion_protection=false",
)
OVERRIDE = """
terraform {
  backend "local" {}
}
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with emulator.emulator(tmp_path_factory.mktemp("emulator")) as url:
        yield url


def bucket_is_read_by_this_distribution_alone(aws, outputs):
    statements = json.loads(aws("s3").get_bucket_policy(Bucket=outputs["bucket"])["Policy"])["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"].endswith(outputs["distribution"])
    blocked = aws("s3").get_public_access_block(Bucket=outputs["bucket"])["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    config = aws("cloudfront").get_distribution(Id=outputs["distribution"])["Distribution"][
        "DistributionConfig"
    ]
    assert {one["Id"] for one in config["Origins"]["Items"]} == {"static", "app"}
    # Which origin it is for the emulator does not tell.
    [control] = aws("cloudfront").list_origin_access_controls()["OriginAccessControlList"]["Items"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")


def tasks_are_told_what_the_outputs_say(aws, outputs):
    family = aws("ecs").describe_task_definition(taskDefinition=f"{outputs['service']}-web")["taskDefinition"]
    [container] = family["containerDefinitions"]
    environment = {one["name"]: one["value"] for one in container["environment"]}
    assert environment["PUBLIC_URL"] == outputs["url"]
    assert environment["OIDC_ISSUER"] == outputs["oidc_issuer"]
    assert environment["OIDC_CLIENT_ID"] == outputs["oidc_client_id"]
    assert environment["TRUSTED_PROXIES"] == "2"
    assert {one["name"] for one in container["secrets"]} >= {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
    assert not {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} & environment.keys()
    assert container["image"] == f"{outputs['ecr_repository']}:abc"


def nobody_is_let_in_but_by_a_group_or_a_list(aws):
    groups = aws("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["chatscape-trial-*"]}]
    )
    found = [rule for group in groups["SecurityGroups"] for rule in group["IpPermissions"]]
    assert found
    assert not [rule for rule in found if rule["IpRanges"] or rule.get("Ipv6Ranges")]


def alarms_tell_somebody(aws):
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) > 8
    assert not [alarm["AlarmName"] for alarm in alarms if not alarm["AlarmActions"]]


def nothing_is_left(aws):
    assert aws("s3").list_buckets()["Buckets"] == []
    assert aws("rds").describe_db_instances()["DBInstances"] == []
    assert aws("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert aws("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert not aws("cloudfront").list_distributions()["DistributionList"].get("Items")
    assert aws("secretsmanager").list_secrets()["SecretList"] == []


def test_it_is_made_as_it_should_be_and_goes_without_a_trace(url, tmp_path):
    def aws(name, region=REGION):
        session = boto3.Session("testing", "testing", region_name=region)
        return session.client(name, endpoint_url=url)

    environ = {**emulator.KEYS, "AWS_ENDPOINT_URL": url}
    prepare(tmp_path, text=OVERRIDE + emulator.PROVIDERS, backend=True)
    emulator.lacking(tmp_path)

    terraform(tmp_path, "apply", *GIVEN, **environ)

    said = json.loads(terraform(tmp_path, "output", "-json"))
    outputs = {name: entry["value"] for name, entry in said.items()}
    bucket_is_read_by_this_distribution_alone(aws, outputs)
    tasks_are_told_what_the_outputs_say(aws, outputs)
    nobody_is_let_in_but_by_a_group_or_a_list(aws)
    alarms_tell_somebody(aws)
    terraform(tmp_path, "destroy", *GIVEN, **environ)
    assert terraform(tmp_path, "state", "list") == ""
    nothing_is_left(aws)
