"""The bucket where Terraform remembers: made once for an account and region, for all environments."""

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy.cloud.problems import Problem

# Old states are for mending; three months are enough for that.
_KEPT_DAYS = 90


def bucket_name(account: str, region: str) -> str:
    return f"chatscape-state-{account}-{region}"


def key_of(environment: str) -> str:
    return f"chatscape/{environment}/terraform.tfstate"


def exists(s3: Any, bucket: str, account: str) -> bool:
    """Say whether it is there; a bucket of that name that is somebody else's is a `Problem`."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        code = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code == 404:
            return False
        if code == 403:
            raise Problem(
                f"The state bucket {bucket} is not this account's, or s3:ListBucket is not allowed."
            ) from error
        raise
    return True


def ensure(s3: Any, bucket: str, account: str, region: str) -> None:
    """Make the bucket if it is missing, and what protects it, whoever made it.

    It is versioned, encrypted, closed to the public and to plain HTTP. Every step may be repeated, so one
    that was interrupted is finished by the next run.
    """
    if not exists(s3, bucket, account):
        print(f"Making the state bucket {bucket}")
        # The first region has no name here.
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **place)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old-states",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": _KEPT_DAYS},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_tls_only(bucket)))


def _tls_only(bucket: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
