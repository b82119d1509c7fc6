"""The distribution in front of the bucket: what it shall forget."""

import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from deploy.export.aws import code_of
from deploy.export.errors import Refused

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient

PATIENCE = 15 * 60
_FIRST_LOOK, _SLOWEST_LOOK = 0.5, 10.0


class Front:
    """One distribution, and where in it the bucket's keys are."""

    def __init__(self, client: "CloudFrontClient", id: str, bucket: str, prefix: str) -> None:
        self.client = client
        self.id = id
        self.domain = ""
        # Visitors do not see a prefix that the distribution adds by itself.
        self._before = "/"
        self._look(bucket, prefix)

    def paths(self, keys: Iterable[str]) -> list[str]:
        return sorted(self._before + key for key in keys)

    def forget(self, paths: Iterable[str]) -> str:
        """Ask the distribution to fetch these anew. Returns the id of the request."""
        items = sorted(paths)
        batch = {
            "Paths": {"Quantity": len(items), "Items": items},
            "CallerReference": f"chatscape-{uuid.uuid4()}",
        }
        asked = self.client.create_invalidation(DistributionId=self.id, InvalidationBatch=batch)  # type: ignore[arg-type]
        return asked["Invalidation"]["Id"]

    def wait(self, invalidation: str, patience: float = PATIENCE) -> None:
        """Wait until all of the world has forgotten. Raises `Refused` when that takes too long."""
        until, pause = time.monotonic() + patience, _FIRST_LOOK
        while True:
            found = self.client.get_invalidation(DistributionId=self.id, Id=invalidation)
            # Emulators shout.
            if found["Invalidation"]["Status"].lower() == "completed":
                return
            if time.monotonic() >= until:
                raise Refused(
                    f"All is uploaded, but after {patience:.0f} s CloudFront is still at invalidation"
                    f" {invalidation}: run the same command again to ask and wait once more."
                )
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(pause * 2, _SLOWEST_LOOK)

    def _look(self, bucket: str, prefix: str) -> None:
        try:
            found = self.client.get_distribution(Id=self.id)["Distribution"]
        except ClientError as error:
            if code_of(error) == "NoSuchDistribution":
                raise
            # Whoever may only invalidate can do without.
            return
        except ResponseParserError:
            # Servers that only play CloudFront know invalidations at most.
            return
        self.domain = found.get("DomainName", "")
        for origin in found.get("DistributionConfig", {}).get("Origins", {}).get("Items", ()):
            ours = origin.get("DomainName", "").startswith(f"{bucket}.")
            if ours and origin.get("OriginPath", "").strip("/") != prefix.strip("/"):
                self._before = f"/{prefix}"
