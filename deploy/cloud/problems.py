"""What stops a step, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError


class Problem(Exception):
    """Say in one line what is wrong and what helps."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what AWS answers into a `Problem` of one line."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code, words = said.get("Code", "unknown"), _line(said.get("Message", ""))
        raise Problem(f"AWS refused {error.operation_name}: {code}: {words}") from error
    except NoCredentialsError as error:
        raise Problem("No AWS credentials: set AWS_PROFILE, or sign in (`aws sso login`).") from error
    except NoRegionError as error:
        raise Problem("No AWS region: say REGION=eu-central-1, for example.") from error
    except BotoCoreError as error:
        raise Problem(f"AWS cannot be asked: {_line(error)}") from error


def _line(text: object) -> str:
    return " ".join(str(text).split())
