"""What CloudFront is told in deploy/terraform fits what the command exports."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from chatscape.testing.machine import ROOT
from chatscape.testing.npm import node
from deploy.export import policy
from deploy.export.collect import UNHASHED
from deploy.export.variants import ENCODINGS, SUFFIXES

TERRAFORM = Path(ROOT, "deploy", "terraform")
TEXT = "".join(file.read_text() for file in sorted(TERRAFORM.glob("*.tf")))
CHOICES = [
    ("gzip, deflate, br, zstd", ".br"),
    ("br", ".br"),
    ("GZIP", ".gz"),
    ("gzip;q=0.5, br;q=0", ".gz"),
    ("br; q=0.000, gzip; q=0", ""),
    ("gzip;q=1.0", ".gz"),
    ("identity", ""),
    ("brotli, x-gzip", ""),
    (None, ""),
]


def test_policies_are_the_same():
    assert policy.STATIC in TEXT
    assert policy.PAGES in TEXT
    assert "unsafe" not in policy.PAGES + policy.STATIC


def test_every_path_leads_to_the_bucket():
    for path in ("/static/*", *(f"/{key}" for key in UNHASHED)):
        assert f'"{path}"' in TEXT, path
    assert ".deploy.json" not in TEXT


def test_browsers_are_given_variants_that_exist():
    function = (TERRAFORM / "variants.js").read_text()
    [suffixes] = re.findall(r"\\\.\(([\w|]+)\)\$", function)

    assert {f".{suffix}" for suffix in suffixes.split("|")} == set(SUFFIXES)
    assert set(re.findall(r"'(\.\w+)'", function)) == set(ENCODINGS.values())


@pytest.mark.parametrize(("accepted", "suffix"), CHOICES)
def test_a_browser_gets_what_it_can_read(accepted, suffix):
    headers = {} if accepted is None else {"accept-encoding": {"value": accepted}}
    asked = {"request": {"uri": "/static/js/app.0123456789ab.js", "headers": headers}}
    picture = {"request": {"uri": "/static/icons/a.0123456789ab.png", "headers": headers}}
    events = json.dumps([asked, picture])
    ask = f"console.log(JSON.stringify({events}.map((event) => handler(event).uri)))"
    program = (TERRAFORM / "variants.js").read_text() + ask

    done = subprocess.run([node(), "-e", program], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [asked["request"]["uri"] + suffix, picture["request"]["uri"]]
