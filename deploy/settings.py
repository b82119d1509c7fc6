"""Settings of deploying, taken into `chatscape.settings`; flags of `manage.py deploy` come before them."""

import re

from chatscape.env import Settings

_env = Settings()


def bucket_name(text: str) -> str:
    """Return a bucket's name. Raises `ValueError` for what cannot be one."""
    if text and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text, re.ASCII):
        raise ValueError
    return text


def key_prefix(text: str) -> str:
    """Return what keys begin with: nothing, or a path that ends in a slash. Raises `ValueError`."""
    path = text.strip("/")
    if path and not all(re.fullmatch(r"(?!\.+$)[\w.-]+", part, re.ASCII) for part in path.split("/")):
        raise ValueError
    return f"{path}/" if path else ""


def distribution_id(text: str) -> str:
    """Return the id of a distribution. Raises `ValueError` for what cannot be one, such as its address."""
    if not re.fullmatch(r"[\w-]*", text, re.ASCII):
        raise ValueError
    return text


BUCKET_RULE = "must be a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens, without s3://"
PREFIX_RULE = "must be a path such as chat/, of letters, digits, dots, hyphens and underscores"
DISTRIBUTION_RULE = "must be a distribution's id such as E2QWRUHAPOMQZL, not its address"

AWS_S3_BUCKET = _env.parsed(
    "AWS_S3_BUCKET", "", bucket_name, BUCKET_RULE, about="the bucket that `manage.py deploy` fills"
)
AWS_S3_PREFIX = _env.parsed(
    "AWS_S3_PREFIX", "", key_prefix, PREFIX_RULE, about="what all keys in the bucket begin with"
)
AWS_CLOUDFRONT_DISTRIBUTION = _env.parsed(
    "AWS_CLOUDFRONT_DISTRIBUTION",
    "",
    distribution_id,
    DISTRIBUTION_RULE,
    about="the CloudFront distribution in front of the bucket, which forgets what has changed",
)
_env.of_library("AWS_ENDPOINT_URL", about="another server than Amazon's that speaks S3 and CloudFront")
_env.of_library("AWS_PROFILE", about="a profile of the AWS command line with credentials in it")
_env.of_library("AWS_ACCESS_KEY_ID", about="a key for AWS, where there is no profile or role")
_env.of_library("AWS_SECRET_ACCESS_KEY", about="the secret of that key", secret=True)
AWS_REGION = _env.text("AWS_REGION", about="the region of the bucket", shown="that of the profile")
__all__ = ["AWS_CLOUDFRONT_DISTRIBUTION", "AWS_REGION", "AWS_S3_BUCKET", "AWS_S3_PREFIX"]
