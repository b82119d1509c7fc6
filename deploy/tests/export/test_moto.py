"""The same against another emulator of both services (moto), asked by boto3 for what it has afterwards."""

import boto3
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from deploy.tests.export.conftest import run


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def cloud(moto, monkeypatch, sources):
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    return boto3.client("s3", region_name="us-east-1"), boto3.client("cloudfront", region_name="us-east-1")


def distribution(cloudfront, bucket: str) -> str:
    origin = {
        "Id": "bucket",
        "DomainName": f"{bucket}.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": bucket,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "https-only"},
        }
    )
    return made["Distribution"]["Id"]


def written(s3, bucket: str) -> dict[str, object]:
    return {each["Key"]: each["LastModified"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}


def test_twice_and_then_undone(cloud):
    s3, cloudfront = cloud
    s3.create_bucket(Bucket="twice-bucket")
    id = distribution(cloudfront, "twice-bucket")
    flags = ["--bucket", "twice-bucket", "--distribution", id, "--no-smoke"]

    assert run(*flags).code == 0
    head = s3.head_object(Bucket="twice-bucket", Key="sw.js")
    assert (head["ContentType"], head["CacheControl"]) == ("text/javascript; charset=utf-8", "no-cache")
    [item] = cloudfront.list_invalidations(DistributionId=id)["InvalidationList"]["Items"]
    batch = cloudfront.get_invalidation(DistributionId=id, Id=item["Id"])["Invalidation"]["InvalidationBatch"]
    assert set(batch["Paths"]["Items"]) == {"/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"}
    first = written(s3, "twice-bucket")

    told = run(*flags)

    assert told.code == 0
    assert "Nothing to upload" in told
    assert written(s3, "twice-bucket") == first
    assert len(cloudfront.list_invalidations(DistributionId=id)["InvalidationList"]["Items"]) == 1
    assert run(*flags, "--destroy", "--yes").code == 0
    assert "Contents" not in s3.list_objects_v2(Bucket="twice-bucket")


def test_versions_go_too_but_not_those_of_others(cloud, sources):
    s3, _cloudfront = cloud
    bucket = "versioned-bucket"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="config.json", Body=b"theirs, before us")
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"theirs")
    flags = ["--bucket", bucket, "--no-smoke"]
    run(*flags)
    (sources / "js/deep.js").write_text("export const deep = () => 2;\n")
    run(*flags, "--prune", "--prune-age", "0")
    assert len(s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", [])) == 9

    told = run(*flags, "--destroy", "--yes")

    assert told.code == 0, told
    left = s3.list_object_versions(Bucket=bucket)
    assert "DeleteMarkers" not in left
    assert {each["Key"] for each in left["Versions"]} == {"config.json", "notes.txt"}
    assert s3.get_object(Bucket=bucket, Key="config.json")["Body"].read() == b"theirs, before us"


def test_static_files_of_another_origin_are_let_in_by_the_bucket(cloud, settings):
    s3, _cloudfront = cloud
    settings.STATIC_URL = "https://static.example.org/static/"
    s3.create_bucket(Bucket="cors-bucket")
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://example.org"], "AllowedMethods": ["PUT"]}
    s3.put_bucket_cors(Bucket="cors-bucket", CORSConfiguration={"CORSRules": [theirs]})
    flags = ["--bucket", "cors-bucket", "--no-smoke"]

    run(*flags, "--dry-run")
    assert len(s3.get_bucket_cors(Bucket="cors-bucket")["CORSRules"]) == 1
    assert "CORS" in run(*flags)
    rules = s3.get_bucket_cors(Bucket="cors-bucket")["CORSRules"]
    assert rules[0] == theirs
    assert (rules[1]["AllowedOrigins"], rules[1]["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert "CORS" not in run(*flags)

    run(*flags, "--destroy", "--yes")

    assert s3.get_bucket_cors(Bucket="cors-bucket")["CORSRules"] == [theirs]


def test_files_of_our_own_origin_need_no_rule(cloud):
    s3, _cloudfront = cloud
    s3.create_bucket(Bucket="plain-bucket")

    run("--bucket", "plain-bucket", "--no-smoke")

    with pytest.raises(s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket="plain-bucket")
