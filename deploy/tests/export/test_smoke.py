"""A site that serves something else is found out."""

import gzip

import pytest

from chatscape.testing.processes import free_port
from deploy.export import smoke
from deploy.tests.export.conftest import run


def serve(double, monkeypatch, change):
    """Let visitors get objects as `change` gives them back."""
    from deploy.tests.export.double import Handler

    plain = Handler.visit

    def visit(self, key):
        stored = double.objects.get(key)
        changed = change(key, stored) if stored else None
        if changed is None:
            return plain(self, key)
        status, body, headers = changed
        return self.answer(status, body, **headers)

    monkeypatch.setattr(Handler, "visit", visit)


# It begins as gzip does.
CORRUPT = gzip.compress(b"")[:10] + b"and goes on otherwise"
WRONG = {
    "answers 404": lambda stored: (404, b"", {}),
    "is text/plain instead of text/javascript": lambda stored: (
        200,
        stored.body,
        {**stored.headers, "Content-Type": "text/plain"},
    ),
    "is not no-cache (Cache-Control: public, max-age=60)": lambda stored: (
        200,
        stored.body,
        {**stored.headers, "Cache-Control": "public, max-age=60"},
    ),
    "is not what was exported": lambda stored: (200, stored.body + b"//", stored.headers),
    "cannot be unpacked": lambda stored: (200, CORRUPT, {**stored.headers, "Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_named_and_the_end_is_3(deploy, double, monkeypatch, words):
    serve(double, monkeypatch, lambda key, stored: WRONG[words](stored) if key == "sw.js" else None)

    told = deploy()

    assert told.code == 3
    assert f"{double.url}/site/sw.js: {words}" in told
    assert "sw.js" in double.objects, "exported all the same"
    assert deploy("--no-smoke").code == 0


def test_compressed_answers_are_read(deploy, double, monkeypatch):
    asked = []

    def change(key, stored):
        variant = double.objects.get(f"{key}.br")
        if variant:
            asked.append(key)
            return 200, variant.body, variant.headers
        return None

    serve(double, monkeypatch, change)

    assert deploy().code == 0
    assert any(key.endswith(".js") for key in asked)


def test_a_site_that_needs_a_moment_gets_it(deploy, double, monkeypatch):
    monkeypatch.setattr(smoke, "PATIENCE", 30)
    late = [3]

    def change(key, _stored):
        late[0] -= 1
        return (503, b"", {}) if late[0] >= 0 else None

    serve(double, monkeypatch, change)

    assert deploy().code == 0


def test_a_site_that_nobody_answers_for(double, sources):
    told = run("--bucket", "bucket", "--url", f"http://127.0.0.1:{free_port()}")

    assert told.code == 3
    assert "nobody answers" in told


def test_a_name_that_is_not_known_yet_is_told_and_no_failure(double, sources, monkeypatch):
    monkeypatch.setattr(smoke, "_problem", lambda url, file: smoke.NoAnswer(f"{url}: unknown", unknown=True))

    told = run("--bucket", "bucket", "--url", "https://chat.example.org")

    assert told.code == 0
    assert "The smoke test could not be made" in told


def test_without_an_address_nobody_looks(double, sources):
    told = run("--bucket", "bucket")

    assert told.code == 0
    assert "nobody looked" in told
