"""Where an export goes: flags first, then what the infrastructure says of itself, then the environment."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from deploy.export.errors import Refused
from deploy.settings import (
    BUCKET_RULE,
    DISTRIBUTION_RULE,
    PREFIX_RULE,
    bucket_name,
    distribution_id,
    key_prefix,
)

# What is taken from the infrastructure's outputs.
OUTPUTS = ("bucket", "distribution", "region", "url")


@dataclass(frozen=True)
class Target:
    """A bucket, the part of it that is ours, and what stands in front of it."""

    bucket: str
    prefix: str = ""
    distribution: str = ""
    region: str = ""
    # The site's address without a slash at its end; "" when nobody has said it.
    url: str = ""
    jobs: int = 8


def target_of(options: Mapping[str, Any]) -> Target:
    """Return where to, from the command's options. Raises `Refused` naming what is missing or wrong."""
    outputs = _outputs(options.get("outputs") or "")

    def first(flag: str, setting: str) -> str:
        given = options.get(flag)
        return str(given if given is not None else outputs.get(flag) or getattr(settings, setting)).strip()

    bucket = _checked("bucket", first("bucket", "AWS_S3_BUCKET"), bucket_name, BUCKET_RULE)
    if not bucket:
        raise Refused("Which bucket? Name it with --bucket or AWS_S3_BUCKET.")
    return Target(
        bucket,
        _checked("prefix", first("prefix", "AWS_S3_PREFIX"), key_prefix, PREFIX_RULE),
        _checked(
            "distribution",
            first("distribution", "AWS_CLOUDFRONT_DISTRIBUTION"),
            distribution_id,
            DISTRIBUTION_RULE,
        ),
        first("region", "AWS_REGION"),
        _checked(
            "url", first("url", "PUBLIC_URL"), _site, "must be an address like https://chat.example.org"
        ),
        options.get("jobs") or Target.jobs,
    )


def _checked(name: str, text: str, check: Callable[[str], str], rule: str) -> str:
    try:
        return check(text)
    except ValueError:
        raise Refused(f"--{name}: {rule}.") from None


def _site(text: str) -> str:
    parts = urlsplit(text)
    _ = parts.port
    if text and (
        parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment
    ):
        raise ValueError
    return text.rstrip("/")


def _outputs(name: str) -> dict[str, str]:
    """Read the infrastructure's outputs: a file of `terraform output -json`, or plain names and values."""
    if not name:
        return {}
    try:
        found = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text())
    except OSError as error:
        raise Refused(f"--outputs: {error.strerror}: {name}") from None
    except ValueError:
        raise Refused("--outputs: is no JSON; it is made by: terraform output -json") from None
    if not isinstance(found, dict):
        raise Refused("--outputs: is no JSON object of outputs.")
    plain = {key: found[key] for key in OUTPUTS if key in found}
    values = {key: each.get("value") if isinstance(each, dict) else each for key, each in plain.items()}
    wrong = [key for key, value in values.items() if not isinstance(value, str | None)]
    if wrong:
        raise Refused(f"--outputs: {wrong[0]} is no text.")
    return {key: value for key, value in values.items() if value}
