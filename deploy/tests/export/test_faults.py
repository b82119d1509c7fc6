"""Servers fail, networks break, people press Ctrl-C: one line says what to do, and it goes on from there."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT
from deploy.tests.export.conftest import run
from deploy.tests.export.test_exporting import sizes


def failing(*kinds: str, after: int = 5, times: int = 10_000, methods=("PUT",), only=lambda _key: True):
    """Fail requests from the sixth on, in turn in each of the ways, so many times."""
    count = [0]

    def fault(method, key):
        if method not in methods or not only(key):
            return None
        count[0] += 1
        failures = count[0] - after
        return kinds[failures % len(kinds)] if 0 < failures <= times else None

    return fault


def complete(double) -> dict[str, bytes]:
    return {key: stored.body for key, stored in double.objects.items() if key != ".deploy.json"}


@pytest.mark.parametrize("kind", ["500", "503", "reset", "slow"])
def test_a_passing_failure_is_not_even_noticed(deploy, double, kind):
    double.fault = failing(kind, times=3)

    told = deploy("--jobs", "2")

    assert told.code == 0, told
    assert "sw.js" in double.objects


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("500", "Run the same command again"),
        ("reset", "Run the same command again"),
        ("403", "AWS does not permit s3:PutObject on the bucket bucket"),
    ],
)
def test_a_failure_that_stays_is_one_line_and_the_next_run_does_the_rest(deploy, double, kind, words):
    double.fault = failing(kind)

    told = deploy("--jobs", "3")

    assert told.code == 1
    assert words in told
    there = set(double.written) - {".deploy.json"}
    assert there
    assert "sw.js" not in double.objects, "it would name files that are not there"
    double.fault = lambda *_what: None
    double.forget()

    told = deploy()

    assert told.code == 0, told
    assert not there & set(double.written), "what has arrived is not sent again"
    assert sizes(told)["unchanged"] == len(there)
    assert double.invalidations == [["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]]
    double.forget()
    deploy()
    assert double.written == []


@pytest.fixture
def listening():
    """Hear Ctrl-C, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_leaves_a_bucket_that_the_next_run_completes(deploy, double, listening):
    pressed = threading.Event()

    def fault(method, key):
        if method == "PUT" and len(double.written) >= 8 and not pressed.is_set():
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)
            return "slow"
        return None

    double.fault = fault
    told = deploy("--jobs", "2")
    assert told.code == 130
    assert "Interrupted. Run the same command again" in told
    double.fault = lambda *_what: None
    assert deploy().code == 0


def test_cloudfront_forgets_what_an_earlier_run_left(deploy, double):
    double.fault = failing("500", after=0, methods=("POST",))
    told = deploy()
    assert told.code == 1
    assert double.invalidations == []
    double.fault = lambda *_what: None
    written = len(double.written)

    told = deploy()

    assert told.code == 0
    assert "Nothing to upload" in told
    assert double.invalidations == [["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]]
    assert double.written[written:] == [".deploy.json"]


def test_waiting_for_cloudfront_has_an_end_and_begins_again(deploy, double):
    double.busy = 10_000
    told = deploy("--wait", "1")
    assert told.code == 1
    assert "All is uploaded, but after 1 s CloudFront is still at invalidation I1" in told

    double.busy = 2
    assert deploy().code == 0
    assert len(double.invalidations) == 2


@pytest.mark.parametrize("kind", ["cut", "garbage", "reset"])
def test_a_listing_that_breaks_off_is_asked_for_again(deploy, double, kind):
    deploy()
    double.forget()
    double.fault = failing(kind, after=1, times=1, methods=("GET",), only=lambda key: key == "list-type")

    told = deploy()

    assert told.code == 0, told
    assert double.written == []


@pytest.mark.parametrize("kind", ["cut", "garbage"])
def test_a_listing_that_never_comes_whole_changes_nothing(deploy, double, kind):
    deploy()
    before = dict(double.objects)
    double.fault = failing(kind, after=1, methods=("GET",), only=lambda key: key == "list-type")

    told = deploy("--prune", "--prune-age", "0")

    assert told.code == 1
    assert told.splitlines()[-1].startswith("CommandError: ")
    assert double.objects == before


def test_kill_9_in_the_midst_of_it(double, tmp_path):
    """The whole export as a process of its own, killed at the hundredth file; then again, twice."""
    env = {
        **clean(os.environ),
        "CHATSCAPE_VAR": str(tmp_path),
        "AWS_ENDPOINT_URL": double.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_S3_BUCKET": "bucket",
        "AWS_CLOUDFRONT_DISTRIBUTION": "EDIST",
        "PUBLIC_URL": double.url,
    }
    double.page_size = 100
    # What the process writes to the site is not at its root.
    command = [sys.executable, "manage.py", "deploy", "--url", f"{double.url}/site"]

    def fault(method, _key):
        if method == "PUT" and len(double.written) >= 100:
            process.kill()

    double.fault = fault
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    there = set(double.written) - {".deploy.json"}
    assert 90 < len(there) < 130
    double.fault = lambda *_what: None
    double.forget()

    again = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )

    assert again.returncode == 0, again.stderr
    assert not there & set(double.written)
    assert sizes(again.stdout)["unchanged"] == len(there)
    assert len(double.objects) > 400
    assert double.invalidations == [["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]]
    assert "are as they were exported" in again.stdout
    double.forget()
    third = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert third.returncode == 0, third.stderr
    assert double.count("PUT", "POST", "DELETE") == 0


REFUSALS = [
    (("--bucket", "nowhere"), "There is no bucket nowhere"),
    (("--bucket", "bucket", "--distribution", "ENONE"), "There is no distribution ENONE"),
    (("--bucket", "S3://bucket"), "--bucket: must be a bucket's name"),
    (("--bucket", "bucket", "--prefix", "../x"), "--prefix: must be a path"),
    (("--bucket", "bucket", "--distribution", "https://d1.cloudfront.net"), "--distribution: must be"),
    (("--bucket", "bucket", "--url", "chat.example.org"), "--url: must be an address"),
    (("--bucket", "bucket", "--outputs", "/nonexistent"), "--outputs: No such file or directory"),
    ((), "Which bucket? Name it with --bucket or AWS_S3_BUCKET."),
]


@pytest.mark.parametrize(("flags", "words"), REFUSALS)
def test_what_is_missing_or_wrong_is_one_line(double, sources, flags, words):
    told = run(*flags)

    assert told.code == 1
    assert told.startswith(f"CommandError: {words}")
    assert double.objects == {}


def test_no_credentials(double, sources, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    told = run("--bucket", "bucket")

    assert told.startswith("CommandError: No AWS credentials: set AWS_PROFILE")


def test_half_of_the_credentials(double, sources, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert run("--bucket", "bucket").startswith("CommandError: The AWS credentials cannot be used")


def test_a_profile_that_is_not_there(double, sources, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert "set AWS_PROFILE to one that exists" in run("--bucket", "bucket")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "is there a network?"),
        ("not an address", "AWS cannot be used: Invalid endpoint"),
    ],
)
def test_an_endpoint_that_is_not_there(sources, monkeypatch, url, words):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    told = run("--bucket", "bucket")

    assert told.code == 1
    assert words in told


@pytest.mark.parametrize(
    ("methods", "key", "action"),
    [
        (("GET",), "list-type", "s3:ListBucket on the bucket bucket"),
        (("GET",), ".deploy.json", "s3:GetObject on the bucket bucket"),
        (("POST",), "invalidation", "cloudfront:CreateInvalidation on the distribution EDIST"),
    ],
)
def test_a_permission_that_is_missing_is_named(deploy, double, methods, key, action):
    def fault(method, asked):
        return "403" if method in methods and asked.endswith(key) else None

    double.fault = fault

    told = deploy()

    assert told.code == 1
    assert f"AWS does not permit {action}" in told.splitlines()[-1]


@pytest.mark.parametrize("kind", ["403", "garbage"])
def test_who_may_not_look_at_the_distribution_may_invalidate_all_the_same(deploy, double, kind):
    double.fault = lambda method, key: kind if method == "GET" and key.endswith("EDIST") else None

    assert deploy().code == 0
    assert len(double.invalidations) == 1
