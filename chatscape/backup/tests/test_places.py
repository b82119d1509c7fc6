"""A backup goes to a bucket, or through a pipe, and comes back from there."""

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.management import CommandError

from chatscape.backup import places
from chatscape.backup.tests.forging import FIRST
from chatscape.backup.tests.world import call, hashes_in, manage
from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT


@pytest.fixture
def bucket(monkeypatch, tmp_path) -> Iterator[str]:
    """An empty bucket of a server that speaks S3."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="backups")
    yield "s3://backups/"
    server.stop()


@pytest.mark.django_db(transaction=True)
def test_to_a_bucket_and_back(bucket, world, var):
    import boto3

    (var / "media" / "large").write_bytes(os.urandom(20 * 1024 * 1024))

    said = call("backup", output=f"{bucket}nightly/")

    [kept] = boto3.client("s3").list_objects_v2(Bucket="backups")["Contents"]
    assert kept["Key"].startswith("nightly/chatscape-")
    # In parts.
    assert "-" in kept["ETag"]
    assert f"s3://backups/{kept['Key']}" in said
    assert "Whole and undamaged" in call("restore", f"s3://backups/{kept['Key']}", verify_only=True)


@pytest.mark.parametrize(
    ("endpoint", "header"),
    [
        ("https://s3.example.org", "x-amz-content-sha256"),
        ("https://s3.eu-west-1.amazonaws.com", "x-amz-trailer"),
    ],
)
def test_the_hash_goes_where_the_server_understands_it(bucket, monkeypatch, endpoint, header):
    """Many servers keep what follows a body as a part of it."""
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    client = places._client()
    sent = []

    def answer(request, **_more):
        sent.append({name.lower(): value for name, value in request.headers.items()})
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3", answer)
    monkeypatch.setattr(places, "_client", lambda: client)

    places.upload(io.BytesIO(b"a backup"), f"{bucket}x")

    [headers] = sent
    told = {name: _text(headers.get(name, "")) for name in ("x-amz-content-sha256", "x-amz-trailer")}
    if header == "x-amz-trailer":
        assert told[header] == "x-amz-checksum-sha256"
    else:
        assert told == {header: hashlib.sha256(b"a backup").hexdigest(), "x-amz-trailer": ""}
        assert "aws-chunked" not in _text(headers.get("content-encoding", ""))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.django_db(transaction=True)
def test_a_bucket_that_is_not_there_is_one_line(bucket, var):
    for name in ("s3://nothing/here/", "s3://nothing/here.tar.gz"):
        with pytest.raises(CommandError, match="s3://nothing/here") as caught:
            call("backup", output=name)
        assert "\n" not in str(caught.value)
    with pytest.raises(CommandError, match="s3://backups/none"):
        call("restore", f"{bucket}none", verify_only=True)


def test_through_pipes(tmp_path):
    """Nothing but the backup is on standard output."""
    manage(tmp_path / "var", "migrate", "-v0")
    env = {**clean(os.environ), "CHATSCAPE_VAR": str(tmp_path / "var")}
    command = [sys.executable, ROOT / "manage.py"]

    made = subprocess.run([*command, "backup", "--output", "-"], env=env, capture_output=True, check=True)
    read = subprocess.run(
        [*command, "restore", "-", "--verify-only"],
        env=env,
        input=made.stdout,
        capture_output=True,
        check=True,
    )

    assert b"Saved and checked" in made.stderr
    assert b"Whole and undamaged" in read.stdout
    (tmp_path / "made.tar.gz").write_bytes(made.stdout)
    assert hashes_in(tmp_path / "made.tar.gz")["django_content_type"][0] > 10


def test_the_first_backup_ever_can_be_checked():
    assert "186 rows" in call("restore", str(FIRST), verify_only=True)
