"""The bucket and the distribution that `manage.py deploy` fills, where they are configured."""

from typing import Any

from django.conf import settings

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning

CREDENTIALS = "Give credentials: a role of the machine, AWS_PROFILE, or AWS_ACCESS_KEY_ID with its secret."


def look(options: Options) -> Findings:
    bucket = getattr(settings, "AWS_S3_BUCKET", "")
    distribution = getattr(settings, "AWS_CLOUDFRONT_DISTRIBUTION", "")
    if not (bucket or distribution):
        yield ok("No bucket is configured; files are served by the server itself.")
        return
    # Only who uses it pays for loading it.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    config = Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 0})
    asked: list[tuple[str, Any]] = []
    if bucket:
        asked.append(
            (f"The bucket {bucket}", lambda: boto3.client("s3", config=config).head_bucket(Bucket=bucket))
        )
    if distribution:
        asked.append(
            (
                f"The distribution {distribution}",
                lambda: boto3.client("cloudfront", config=config).get_distribution(Id=distribution),
            )
        )
    for name, ask in asked:
        try:
            answer = ask()
        except NoCredentialsError:
            yield error(f"{name}: nobody says who we are.", CREDENTIALS)
        except ClientError as problem:
            code = problem.response.get("Error", {}).get("Code", "?")
            yield error(f"{name} cannot be used ({code}).", _mend(code))
        except BotoCoreError as problem:
            yield error(
                f"{name} cannot be asked: {type(problem).__name__}.", f"See AWS_REGION. {CREDENTIALS}"
            )
        else:
            yield from _fine(name, answer)


def _fine(name: str, answer: Any) -> Findings:
    found = answer.get("Distribution", {})
    if found and not found.get("DistributionConfig", {}).get("Enabled", True):
        yield warning(f"{name} is switched off.", "Enable it (make up, or the console).")
    else:
        yield ok(f"{name} is there.")


def _mend(code: str) -> str:
    if code in ("404", "NoSuchBucket", "NoSuchDistribution"):
        return "See AWS_S3_BUCKET, AWS_CLOUDFRONT_DISTRIBUTION and AWS_REGION; make up ENV=... makes them."
    if code in ("403", "AccessDenied", "Forbidden"):
        return "Let these credentials list the bucket and read the distribution (docs/aws.md)."
    return CREDENTIALS
