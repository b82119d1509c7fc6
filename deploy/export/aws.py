"""Clients for S3 and CloudFront, and what goes wrong with them in one line each."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
from botocore.parsers import ResponseParserError

from deploy.export.errors import Refused
from deploy.export.target import Target

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_s3 import S3Client

_AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
CREDENTIALS = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with the AWS command line"
)
# What the two services call it: what it means, and what to do.
_MEANINGS = {
    "NoSuchBucket": "There is no bucket {bucket}: make it, or name another with --bucket or AWS_S3_BUCKET.",
    "NoSuchDistribution": (
        "There is no distribution {distribution}: name another with --distribution or"
        " AWS_CLOUDFRONT_DISTRIBUTION."
    ),
    "TooManyInvalidationsInProgress": (
        "CloudFront has too many invalidations in progress: run the command again in some minutes."
    ),
    "PermanentRedirect": "The bucket {bucket} is in another region: set AWS_REGION to its region.",
    "AuthorizationHeaderMalformed": "The bucket {bucket} is in another region: set AWS_REGION to its region.",
    "IllegalLocationConstraintException": "The bucket {bucket} is in another region: set AWS_REGION.",
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        f"The AWS credentials have expired: sign in again, or {CREDENTIALS}.",
    ),
    **dict.fromkeys(
        (
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidClientTokenId",
            "InvalidToken",
            "AuthFailure",
        ),
        f"AWS does not know these credentials: {CREDENTIALS}.",
    ),
    "RequestTimeTooSkewed": "This machine's clock is wrong: AWS refuses requests of another time.",
}
_DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403", "Forbidden")
_ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListObjectVersions": "s3:ListBucketVersions",
    "PutBucketCors": "s3:PutBucketCORS",
    "GetBucketCors": "s3:GetBucketCORS",
}


class Clients:
    """Both services, as the environment and the target say; nothing is asked of them yet."""

    def __init__(self, target: Target) -> None:
        # Where it has found its configuration is of no interest.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        common = Config(
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=target.jobs + 2,
            retries={"mode": "standard", "total_max_attempts": 5},
            # Other servers than Amazon's refuse bodies in chunks with a checksum at their end.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra="chatscape",
        )
        with told(target):
            session = boto3.Session(region_name=target.region or None)
            if session.get_credentials() is None:
                raise NoCredentialsError
            self.s3: S3Client = session.client("s3", config=common)
            if not (urlsplit(self.s3.meta.endpoint_url).hostname or "").endswith(_AMAZON):
                # There, names of buckets are no names of hosts.
                by_path: Any = {"addressing_style": "path"}
                self.s3 = session.client("s3", config=common.merge(Config(s3=by_path)))
            self.cloudfront: CloudFrontClient = session.client(
                "cloudfront", region_name=session.region_name or "us-east-1", config=common
            )


@contextmanager
def told(target: Target) -> Iterator[None]:
    """Turn what boto3 raises into `Refused`, in words of one line."""
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError, ValueError) as error:
        raise Refused(" ".join(explained(error, target).split())) from error


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def explained(error: Exception, target: Target) -> str:
    """Say what an error means and what to do."""
    if isinstance(error, ClientError):
        return _refusal(error, target)
    if isinstance(error, NoCredentialsError):
        return f"No AWS credentials: {CREDENTIALS}."
    if isinstance(error, (PartialCredentialsError, CredentialRetrievalError, SSOError)):
        return f"The AWS credentials cannot be used ({error}): {CREDENTIALS}."
    if isinstance(error, ProfileNotFound):
        return f"{error}: set AWS_PROFILE to one that exists."
    if isinstance(error, EndpointConnectionError):
        return f"{error} Is the address right (AWS_REGION, AWS_ENDPOINT_URL), and is there a network?"
    if isinstance(error, HTTPClientError):
        return f"The connection to AWS failed: {error}. {AGAIN}"
    if isinstance(error, ResponseParserError):
        return f"{_endpoint()} answered what is no answer of S3 or CloudFront: {str(error)[:200]}"
    return f"AWS cannot be used: {error}"


AGAIN = "Run the same command again: it goes on where it stopped."


def _refusal(error: ClientError, target: Target) -> str:
    code, operation = code_of(error), error.operation_name
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MEANINGS:
        return _MEANINGS[code].format(bucket=target.bucket, distribution=target.distribution)
    if code in _DENIED or status == 403:
        action = _ACTIONS.get(operation, f"{_service(operation)}:{operation}")
        where = _resource(operation, target)
        return f"AWS does not permit {action} {where}: add it to the policy (docs/deploy.md)."
    if operation == "ListObjectsV2" and status == 404:
        return _MEANINGS["NoSuchBucket"].format(bucket=target.bucket)
    message = error.response.get("Error", {}).get("Message", "")
    if status >= 500 or code in ("SlowDown", "Throttling", "ServiceUnavailable", "RequestTimeout"):
        return f"AWS failed to answer {operation} ({code or status}: {message}). {AGAIN}"
    return f"AWS refused {operation} ({code or status}: {message})."


def _service(operation: str) -> str:
    return "cloudfront" if operation.endswith(("Invalidation", "Distribution")) else "s3"


def _resource(operation: str, target: Target) -> str:
    if _service(operation) == "cloudfront":
        return f"on the distribution {target.distribution}"
    return f"on the bucket {target.bucket}"


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL", "AWS")
