"""The state bucket is versioned, encrypted, and closed to all but this account and TLS."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from deploy.cloud import state
from deploy.cloud.problems import Problem

ACCOUNT = "123456789012"


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_a_bucket_is_made_with_everything_that_protects_it(aws, region):
    s3 = boto3.client("s3", region)
    name = state.bucket_name(ACCOUNT, region)

    for _ in range(2):
        state.ensure(s3, name, ACCOUNT, region)

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]


def test_a_half_made_bucket_is_finished(aws):
    s3 = boto3.client("s3", "us-east-1")
    s3.create_bucket(Bucket="mine")

    state.ensure(s3, "mine", ACCOUNT, "us-east-1")

    assert s3.get_bucket_versioning(Bucket="mine")["Status"] == "Enabled"


@pytest.mark.parametrize("status", [403, 500])
def test_a_bucket_of_somebody_else_is_not_used(status):
    class S3:
        def head_bucket(self, **_):
            answer: Any = {"ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "HeadBucket")

    with pytest.raises(Problem if status == 403 else ClientError):
        state.ensure(S3(), "theirs", ACCOUNT, "us-east-1")


def test_environments_have_states_of_their_own():
    assert state.key_of("prod") != state.key_of("trial")
    assert len(state.bucket_name(ACCOUNT, "ap-southeast-1")) < 64
