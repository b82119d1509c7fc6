"""What goes: old files after a while, or everything; and what is not ours stays."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.tests.export.double import Stored
from deploy.tests.export.test_exporting import key_of, sizes

THEIRS = {
    "notes.txt": Stored(b"theirs", {}),
    "static/js/theirs.0123456789ab.js": Stored(b"theirs", {}),
    "zebra/sw.js": Stored(b"theirs", {}),
}


@pytest.fixture
def old(deploy, double, sources):
    """Files that a second export did without, in a bucket that is not ours alone."""
    double.objects.update(THEIRS)
    deploy()
    (sources / "js/deep.js").write_text("export const deep = () => 2;\n")
    before = set(double.objects)
    deploy()
    stale = [key for key in before if "/js/" in key and key not in THEIRS]
    assert len(stale) == 9
    return stale


def aged(record, days: float, keys=None):
    def change(found):
        when = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        for key, entry in found["files"].items():
            if entry["stale"] and (keys is None or key in keys):
                entry["stale"] = when

    record(change)


def test_what_is_stale_stays_for_a_week(deploy, double, record, old):
    aged(record, 6.9)
    told = deploy("--prune")
    assert "to prune   0 files" in told
    assert set(old) <= set(double.objects)

    aged(record, 7.1)
    told = deploy()
    assert set(old) <= set(double.objects), "only when asked for"

    told = deploy("--prune")
    assert "to prune   9 files" in told
    assert not set(old) & set(double.objects)
    assert THEIRS.items() <= double.objects.items()
    assert not set(old) & set(record()["files"])
    # Nobody looks at an old hashed name any more.
    assert len(double.invalidations) == 2


def test_an_old_object_that_became_stale_today_stays(deploy, double, record, old):
    # How old an object is says nothing of when it was last needed.
    told = deploy("--prune", "--prune-age", "1")

    assert "to prune   0 files" in told
    assert set(old) <= set(double.objects)


def test_what_is_needed_again_is_not_stale(deploy, double, record, sources, old):
    aged(record, 100)
    (sources / "js/deep.js").write_text("export const deep = () => 1;\n" * 40)

    told = deploy("--prune")

    assert set(old) <= set(double.objects)
    assert sizes(told)["stale"] == 9
    assert not any(record()["files"][key]["stale"] for key in old)


def test_what_somebody_else_has_put_there_since_stays(deploy, double, record, old):
    aged(record, 100)
    double.objects[old[0]] = Stored(b"their own", {})

    told = deploy("--prune")

    assert double.objects[old[0]].body == b"their own"
    assert f"Left alone, as somebody else has written it: {old[0]}" in told
    assert not set(old[1:]) & set(double.objects)


def test_destroying_needs_the_name_of_the_bucket(deploy, double, old, monkeypatch):
    before = dict(double.objects)
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    told = deploy("--destroy")
    assert told.code == 1
    assert "Nothing was removed" in told
    told = deploy("--destroy", "--no-input")
    assert told.code == 1
    assert "--yes" in told
    assert deploy("--destroy", "--dry-run").code == 1
    assert double.objects == before

    monkeypatch.setattr("builtins.input", lambda _question: "bucket")
    told = deploy("--destroy")

    assert told.code == 0, told
    assert double.objects == THEIRS
    assert double.invalidations[-1] == [
        "/config.json",
        "/manifest.webmanifest",
        "/offline/",
        "/static/*",
        "/sw.js",
    ]
    assert "Nothing of an export" in deploy("--destroy", "--yes")


@pytest.mark.parametrize("lost", [False, True])
def test_destroying_that_was_interrupted_goes_on(deploy, double, old, lost):
    if lost:
        del double.objects[".deploy.json"]
    deleted = []

    def fault(method, key):
        if method == "DELETE" and key != "cors":
            deleted.append(key)
            return "403" if len(deleted) == 7 else None
        return None

    double.fault = fault
    told = deploy("--destroy", "--yes", "--jobs", "1")
    assert told.code == 1
    assert "s3:DeleteObject" in told
    assert len(double.objects) > len(THEIRS) + 5

    assert deploy("--destroy", "--yes").code == 0
    assert double.objects == THEIRS


def test_an_export_after_destroying_is_whole(deploy, double):
    deploy()
    first = {key: stored.body for key, stored in double.objects.items() if key != ".deploy.json"}
    deploy("--destroy", "--yes")
    assert double.objects == {}

    deploy()

    assert {key: double.objects[key].body for key in first} == first
    assert key_of(double, "js/app.js")
