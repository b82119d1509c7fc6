"""All parts that are looked at, in the order they are shown."""

from chatscape.doctor import (
    aws,
    between,
    clocks,
    configuration,
    database,
    machine,
    mails,
    providers,
    public,
    statics,
    storage,
)
from chatscape.doctor.examination import Check

DEEP = 3600.0
CHECKS = (
    Check("configuration", configuration.look, seconds=30),
    Check("machine", machine.look),
    Check("storage", storage.look, ("CHATSCAPE_VAR",)),
    Check("database", database.look, ("CHATSCAPE_VAR", "DATABASE_URL"), deep_seconds=DEEP),
    Check("redis", between.look, ("REDIS_URL",)),
    Check("static", statics.look, ("CHATSCAPE_VAR", "STATIC_ROOT", "STATIC_URL")),
    Check("mail", mails.look, ("EMAIL_URL", "EMAIL_PASSWORD")),
    Check("providers", providers.look, seconds=30),
    Check("public", public.look, ("PUBLIC_URL",), seconds=30),
    Check("clock", clocks.look),
    Check("aws", aws.look, ("AWS_S3_BUCKET", "AWS_CLOUDFRONT_DISTRIBUTION")),
)
