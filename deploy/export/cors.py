"""Pages of another origin than their modules need the bucket's permission to load them."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from django.conf import settings

from deploy.export.aws import code_of
from deploy.export.bucket import Bucket

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ID = "chatscape"
# Files of everybody, asked for without cookies: whose page it is makes no difference, and what a CDN keeps
# of one page's answer suits all others.
_RULE = {
    "ID": ID,
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["*"],
    "MaxAgeSeconds": 86400,
}


def needed() -> bool:
    return "//" in settings.STATIC_URL


def is_allowed(bucket: Bucket) -> bool:
    """Say whether pages from anywhere may load what is in the bucket."""
    return any("*" in rule["AllowedOrigins"] and "GET" in rule["AllowedMethods"] for rule in _rules(bucket))


def allow(bucket: Bucket) -> None:
    """Add a rule of ours to those that are there."""
    others = [rule for rule in _rules(bucket) if rule.get("ID") != ID]
    _write(bucket.client, bucket.name, [*others, _RULE])


def undo(bucket: Bucket) -> None:
    """Take our rule back, if there is one."""
    rules = _rules(bucket)
    others = [rule for rule in rules if rule.get("ID") != ID]
    if others and others != rules:
        _write(bucket.client, bucket.name, others)
    elif rules and not others:
        bucket.client.delete_bucket_cors(Bucket=bucket.name)


def _write(client: "S3Client", name: str, rules: list[Any]) -> None:
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


def _rules(bucket: Bucket) -> list[Any]:
    try:
        return list(bucket.client.get_bucket_cors(Bucket=bucket.name).get("CORSRules", ()))
    except ClientError as error:
        if code_of(error) in ("NoSuchCORSConfiguration", "404"):
            return []
        raise
