"""What goes up, in which order and with which headers; and that nothing goes up twice."""

import gzip
import hashlib
import json
import re

import brotli
import pytest

from deploy.export.collect import UNHASHED
from deploy.export.files import IMMUTABLE
from deploy.export.variants import SUFFIXES
from deploy.tests.export.double import Stored

HASHED = re.compile(r"static/.+\.[0-9a-f]{12}(\.\w+)?(\.gz|\.br)?")


def sizes(told: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"^  (\w+) +(\d+) files?,", told, re.MULTILINE)}


def key_of(double, name: str) -> str:
    stem, _dot, suffix = name.rpartition(".")
    [key] = [key for key in double.objects if re.fullmatch(rf"static/{stem}\.[0-9a-f]{{12}}\.{suffix}", key)]
    return key


def test_all_goes_up_with_its_type_and_how_long_it_may_be_kept(deploy, double):
    told = deploy()

    assert told.code == 0, told
    plain = {key: stored for key, stored in double.objects.items() if not key.endswith((".gz", ".br"))}
    kinds = {key: stored.headers["Content-Type"] for key, stored in plain.items()}
    assert kinds[key_of(double, "js/app.js")] == "text/javascript; charset=utf-8"
    assert kinds[key_of(double, "css/base.css")] == "text/css; charset=utf-8"
    assert kinds[key_of(double, "icons/favicon.svg")] == "image/svg+xml; charset=utf-8"
    assert kinds[key_of(double, "icons/icon-192.png")] == "image/png"
    assert kinds["sw.js"] == "text/javascript; charset=utf-8"
    assert kinds["manifest.webmanifest"] == "application/manifest+json; charset=utf-8"
    assert kinds["offline/"] == "text/html; charset=utf-8"
    assert kinds["config.json"] == "application/json; charset=utf-8"
    for key, stored in double.objects.items():
        wanted = "no-cache" if key in (*UNHASHED, ".deploy.json") else IMMUTABLE
        assert stored.headers["Cache-Control"] == wanted, key
        assert (wanted == IMMUTABLE) == bool(HASHED.fullmatch(key)), key
    assert not any(key.endswith(".py") for key in double.objects)


def test_texts_have_gzip_and_brotli_beside_them_and_what_is_plain_stays_plain(deploy, double):
    deploy()

    plain = {key: stored for key, stored in double.objects.items() if not key.endswith((".gz", ".br"))}
    for key, stored in plain.items():
        assert "Content-Encoding" not in stored.headers, key
        has = key.startswith("static/") and key.endswith(SUFFIXES)
        for suffix, encoding, unpack in ((".gz", "gzip", gzip.decompress), (".br", "br", brotli.decompress)):
            variant = double.objects.get(key + suffix)
            assert (variant is not None) == has, key
            if variant:
                assert unpack(variant.body) == stored.body
                assert variant.headers["Content-Encoding"] == encoding
                assert variant.headers["Content-Type"] == stored.headers["Content-Type"]
    assert len(plain) < len(double.objects)


def test_nothing_is_there_before_what_it_names(deploy, double):
    there: set[str] = set()
    names = re.compile(rb"[\w.-]+\.[0-9a-f]{12}\.\w+")

    def watch(method, key):
        if method == "PUT" and key != ".deploy.json":
            there.update(double.objects)
            began.append((key, set(double.objects)))
        return "slow" if method == "PUT" and "deep" in key else None

    began: list[tuple[str, set[str]]] = []
    double.fault = watch
    deploy("--jobs", "8")

    assert len(began) == len(double.objects) - 1
    for key, before in began:
        body = double.objects[key].body if not key.endswith((".gz", ".br")) else b""
        named = {name.decode() for name in names.findall(body)} - {key.rpartition("/")[2]}
        arrived = {other.rpartition("/")[2] for other in before}
        assert named <= arrived, key
    order = [key for key, _before in began]
    assert order[-4:] == list(UNHASHED)
    app, other, deep = (order.index(key_of(double, f"js/{name}.js")) for name in ("app", "other", "deep"))
    assert deep < other < app


@pytest.mark.django_db
def test_names_that_stay_hold_what_the_server_would_answer(deploy, double, client):
    deploy()

    for key in ("manifest.webmanifest", "offline/", "sw.js"):
        # But for the hashes: nothing was collected for the server of this test.
        bare = re.sub(rb"\.[0-9a-f]{12}\.", b".", double.objects[key].body)
        served = client.get(f"/{key}").content
        if key == "sw.js":
            bare, served = (re.sub(rb"[0-9a-f]{16}", b"", text) for text in (bare, served))
        assert bare == served, key
    assert b"nonce" not in double.objects["offline/"].body
    assert b"<script" not in double.objects["offline/"].body


def test_the_worker_keeps_files_that_are_in_the_bucket(deploy, double):
    deploy()

    text = double.objects["sw.js"].body.decode()
    for url in json.loads(re.search(r"const FILES = (\[.*?\]);", text)[1]):
        assert url.removeprefix("/") in double.objects, url


def test_the_configuration_has_the_address_of_this_deployment(deploy, double):
    deploy()

    found = json.loads(double.objects["config.json"].body)
    assert found["url"] == f"{double.url}/site"
    assert set(found) == {"name", "version", "url", "socket", "static", "sign_up"}


def test_a_second_run_writes_nothing_and_asks_little(deploy, double):
    deploy()
    count = len(double.objects)
    double.forget()

    told = deploy()

    assert told.code == 0
    assert sizes(told) == {"added": 0, "changed": 0, "unchanged": count - 1, "stale": 0}
    assert "Nothing to upload" in told
    assert double.count("PUT", "POST", "DELETE", "HEAD") == 0
    assert double.invalidations == []


def test_only_what_has_changed_goes_up(deploy, double, sources):
    deploy()
    old = {name: key_of(double, name) for name in ("js/deep.js", "js/app.js", "css/base.css")}
    double.forget()
    (sources / "js/deep.js").write_text("export const deep = () => 2;\n")

    told = deploy()

    # Three modules, each with its variants, and the worker that names them.
    assert {name: sizes(told)[name] for name in ("added", "changed", "stale")} == {
        "added": 9,
        "changed": 1,
        "stale": 9,
    }
    assert [key for key in double.written if key in UNHASHED] == ["sw.js"]
    assert double.invalidations == [["/sw.js"]]
    assert old["css/base.css"] not in double.written
    assert old["js/app.js"] in double.objects, "pages that are open still need it"


def test_a_dry_run_prints_the_plan_and_touches_nothing(deploy, double, sources):
    told = deploy("--dry-run")
    assert sizes(told)["added"] > 20
    assert re.search(r"\d+ bytes +static/js/app\.[0-9a-f]{12}\.js\n", told)
    assert double.objects == {}
    deploy()
    before = dict(double.objects)
    double.forget()
    (sources / "js/deep.js").write_text("export const deep = () => 2;\n")

    told = deploy("--dry-run", "--prune", "--prune-age", "0")

    assert sizes(told)["added"] == sizes(told)["stale"] == 9
    assert sizes(told)["changed"] == 1
    assert re.search(r"static/js/app\.[0-9a-f]{12}\.js  since 20", told)
    assert "Nothing was changed" in told
    assert double.count("PUT", "POST", "DELETE") == 0
    assert double.objects == before


def test_a_prefix_is_kept_to_and_not_shown_to_visitors(deploy, double):
    double.distributions["EDIST"] = "/chat"
    neighbours = {key: Stored(b"theirs", {}) for key in ("sw.js", "chatter/sw.js", "static/js/x.js")}
    double.objects.update(neighbours)

    deploy("--prefix", "/chat", "--no-smoke")

    assert all(key.startswith("chat/") for key in double.written)
    assert neighbours.items() <= double.objects.items()
    assert double.invalidations == [["/config.json", "/manifest.webmanifest", "/offline/", "/sw.js"]]


def test_a_prefix_that_visitors_see_is_in_what_cloudfront_forgets(deploy, double):
    deploy("--prefix", "chat", "--no-smoke")

    assert double.invalidations[0][0] == "/chat/config.json"


def test_what_infrastructure_says_of_itself_is_taken(double, sources, tmp_path):
    from deploy.tests.export.conftest import run

    outputs = {
        "bucket": "bucket",
        "distribution": "EDIST",
        "url": f"{double.url}/site",
        "region": "eu-west-1",
    }
    file = tmp_path / "outputs.json"
    file.write_text(
        json.dumps({name: {"value": value, "sensitive": False} for name, value in outputs.items()})
    )

    told = run("--outputs", str(file))

    assert told.code == 0, told
    assert json.loads(double.objects["config.json"].body)["url"] == outputs["url"]
    assert double.invalidations


def test_an_export_leaves_the_folder_of_a_running_server_alone(deploy, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "served"
    settings.STATIC_ROOT.mkdir()

    deploy()

    assert list(settings.STATIC_ROOT.iterdir()) == []


def test_objects_hold_a_hash_of_what_is_in_them(deploy, double):
    deploy()

    for key, stored in double.objects.items():
        if not key.endswith((".gz", ".br")):
            assert stored.headers["x-amz-meta-sha256"] == hashlib.sha256(stored.body).hexdigest()
