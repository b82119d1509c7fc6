"""The record may be missing, damaged or wrong, and so may be the objects: what is served is right."""

import hashlib
import json

import pytest

from deploy.tests.export.double import Stored
from deploy.tests.export.test_exporting import key_of, sizes

DAMAGED = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b"null",
    b'{"version": 2, "files": {}, "pending": []}',
    b'{"version": 1, "files": {"sw.js": 5}, "pending": []}',
    b'{"version": 1, "files": {"x": {"sha256": "", "type": "", "cache": "", "stale": "x"}}, "pending": []}',
    b'{"version": 1, "files": {}, "pending": ["https://example.org"]}',
    b'{"version": 1, "files": {"sw.js": {"sha256": "", "type": "", "cache": "", "who": ""}}, "pending": []}',
]


@pytest.mark.parametrize("text", [None, *DAMAGED], ids=range(len(DAMAGED) + 1))
def test_without_a_record_the_objects_say_what_they_are(deploy, double, text):
    deploy()
    del double.objects[".deploy.json"]
    if text is not None:
        double.objects[".deploy.json"] = Stored(text, {})
    double.forget()

    told = deploy()

    assert told.code == 0, told
    # Whether CloudFront has forgotten is not known: it is asked to, and the record is written for next time.
    assert set(double.written) == {".deploy.json"}
    assert sizes(told)["unchanged"] == len(double.objects) - 1
    assert double.invalidations == [["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]]
    double.forget()
    deploy()
    assert double.written == []


def test_what_was_stale_is_stale_anew_when_nobody_remembers(deploy, double, sources):
    deploy()
    (sources / "js/deep.js").unlink()
    (sources / "js/other.js").write_text("export const other = () => 1;\n")
    del double.objects[".deploy.json"]
    double.objects["static/theirs.js"] = Stored(b"not ours", {})

    told = deploy("--prune")

    assert sizes(told)["stale"] == 9
    # Since when is not known either: it is kept for the safety age.
    assert key_of(double, "js/deep.js")
    told = deploy("--prune", "--prune-age", "0")
    assert not [key for key in double.objects if "deep" in key]
    assert "static/theirs.js" in double.objects


def test_a_record_that_lies_convinces_nobody(deploy, double, record):
    deploy()
    deep, css = (key_of(double, name) for name in ("js/deep.js", "css/base.css"))
    right = double.objects[css].body
    double.objects[css] = Stored(b"y" * len(right), {})

    def lie(found):
        # Of what somebody else has put there it says that it is ours.
        found["files"][css]["etag"] = double.objects[css].etag
        found["files"]["static/nowhere.js"] = dict(found["files"][deep])
        found["files"][deep]["size"] = 1

    record(lie)
    double.forget()
    told = deploy()

    assert told.code == 0, told
    # An object without a mark is none of ours.
    assert double.objects[css].body == right
    assert deep not in double.written
    assert "static/nowhere.js" not in record()["files"]


def test_what_somebody_has_changed_or_removed_is_put_right(deploy, double):
    deploy()
    app, css, png = (key_of(double, name) for name in ("js/app.js", "css/base.css", "icons/icon-192.png"))
    right = {key: double.objects[key].body for key in (app, css, png, "sw.js")}
    del double.objects[app]
    double.objects[css] = Stored(b"z" * len(right[css]), double.objects[css].headers)
    double.objects[png] = Stored(b"", {})
    double.objects["sw.js"] = Stored(b"// theirs", {"Content-Type": "text/plain"})
    double.forget()

    told = deploy()

    assert told.code == 0, told
    assert {key: double.objects[key].body for key in right} == right
    assert double.objects["sw.js"].headers["Cache-Control"] == "no-cache"
    # A name that is kept for ever had another content: visitors may have it.
    assert double.invalidations == [sorted(f"/{key}" for key in (css, png, "sw.js"))]


def test_another_header_is_a_change_although_the_content_is_the_same(deploy, double, record):
    deploy()
    double.objects["sw.js"].headers["Content-Type"] = "text/plain"
    record(lambda found: found["files"]["sw.js"].update(type="text/plain"))

    deploy()

    assert double.objects["sw.js"].headers["Content-Type"] == "text/javascript; charset=utf-8"


def with_kms(stored) -> str:
    """Return what looks like a hash, of something else than the content."""
    return hashlib.md5(b"a key of one's own" + stored.body, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("etag", [lambda _stored: "", lambda stored: f"{len(stored.body)}-kms", with_kms])
def test_a_server_whose_etags_are_no_hashes_gets_nothing_twice(deploy, double, record, etag, metadata):
    double.etags = etag
    double.keeps_metadata = metadata
    deploy()
    double.forget()

    told = deploy()

    assert told.code == 0, told
    assert double.written == []
    assert sizes(told)["changed"] == 0

    # What was interrupted before its record was written goes on as well.
    record(lambda found: [entry.update(etag="") for entry in found["files"].values()])
    assert sizes(deploy())["changed"] == 0
    double.objects["notes.txt"] = Stored(b"theirs", {})
    assert deploy("--destroy", "--yes").code == 0
    assert set(double.objects) == {"notes.txt"}


def test_the_record_is_written_ahead(deploy, double):
    seen = []

    def watch(method, key):
        if method == "PUT" and key.startswith("static/") and not seen:
            seen.append(json.loads(double.objects[".deploy.json"].body))

    double.fault = watch
    deploy()

    assert {key for key in double.objects if key != ".deploy.json"} == set(seen[0]["files"])
    assert seen[0]["pending"] == ["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]
