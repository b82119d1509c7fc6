"""An export in small, and a server that it goes to."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from deploy.export import smoke
from deploy.tests.export.double import Double

# The smallest site with everything in it: modules that import each other, a stylesheet that shows a picture.
SOURCES = {
    "css/base.css": "body { background: url(../icons/favicon.svg) }",
    "icons/favicon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "icons/favicon-32.png": "\x89PNG, nearly",
    "icons/icon-192.png": "\x89PNG, too",
    "js/app.js": 'import { other } from "./other.js";\nother();\n',
    "js/other.js": 'export { deep as other } from "./deep.js";\n',
    "js/deep.js": "export const deep = () => 1;\n" * 40,
    "vendor/LICENSE": "Do as you like.",
    "tool.py": "print('not for browsers')",
}


@pytest.fixture(autouse=True)
def _aws(monkeypatch, settings):
    """Somebody with credentials that nobody else knows, and with nothing of the developer's."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    settings.AWS_REGION = "us-east-1"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """No patience with a site that stays wrong, nor between attempts."""
    monkeypatch.setattr(smoke, "PATIENCE", 0.3)
    monkeypatch.setattr("deploy.export.front._FIRST_LOOK", 0.01)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_what: 0)


@pytest.fixture
def sources(tmp_path, settings) -> Path:
    """Static files that a test may change."""
    folder = tmp_path / "static"
    for name, text in SOURCES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [folder]
    return folder


@pytest.fixture
def double(monkeypatch):
    with Double() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


class Told(str):  # noqa: SLOT000
    """What the command printed, and what it ended with."""

    code = 0


def run(*flags: str) -> Told:
    """Run the command as a person would; a refusal is the last line of what it printed."""
    out = io.StringIO()
    try:
        call_command("deploy", *flags, stdout=out)
    except CommandError as error:
        told = Told(f"{out.getvalue()}CommandError: {error}\n")
        told.code = error.returncode
    else:
        return Told(out.getvalue())
    assert told.splitlines()[-1].startswith("CommandError: "), "a refusal is one line"
    return told


@pytest.fixture
def deploy(double, sources):
    """Run the command against the double, which is also the site."""

    def deploy(*flags: str) -> Told:
        where = ["--bucket", "bucket", "--distribution", "EDIST", "--url", f"{double.url}/site"]
        return run(*where, *flags)

    return deploy


@pytest.fixture
def record(double):
    """Read the record, or change it."""

    def record(change=None):
        stored = double.objects[".deploy.json"]
        found = json.loads(stored.body)
        if change:
            change(found)
            stored.body = json.dumps(found).encode()
        return found

    return record
