"""The installable app: manifest, icons, service worker, offline page."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings
from django.urls import resolve
from PIL import Image

from chat.tests.situations import client_of
from chatscape.pwa import views

HASHED = re.compile(r"^/static/.+\.[0-9a-f]{12}\.(css|js|svg|png|woff2)$")


@pytest.fixture
def manifest(client):
    return client.get("/manifest.webmanifest")


@pytest.fixture(autouse=True)
def _no_remembered_shell():
    views.shell.cache_clear()
    yield
    views.shell.cache_clear()


def test_the_manifest_says_what_is_installed(manifest):
    body = manifest.json()

    assert manifest["Content-Type"] == "application/manifest+json"
    expected = {
        "name": "ChatScape",
        "short_name": "ChatScape",
        "id": "/",
        "scope": "/",
        "start_url": "/",
        "display": "standalone",
        "theme_color": "#151515",
        "background_color": "#151515",
    }
    assert {key: body[key] for key in expected} == expected
    assert body["description"]


def files(manifest) -> list[dict[str, str]]:
    body = manifest.json()
    return body["icons"] + body["screenshots"] + [icon for one in body["shortcuts"] for icon in one["icons"]]


def test_icons_and_screenshots_exist_in_the_sizes_they_claim(manifest):
    for image in files(manifest):
        found = finders.find(image["src"].removeprefix("/static/"))
        assert found, image
        with Image.open(found) as picture:
            assert f"{picture.width}x{picture.height}" == image["sizes"]
            assert Image.MIME[picture.format] == image["type"]


def test_there_is_an_icon_of_each_kind(manifest):
    kinds = {(icon["sizes"], icon["purpose"]) for icon in manifest.json()["icons"]}

    assert kinds == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_a_maskable_icon_fills_its_corners(manifest):
    [icon] = [icon for icon in manifest.json()["icons"] if icon["purpose"] == "maskable"]

    with Image.open(finders.find(icon["src"].removeprefix("/static/"))) as picture:
        corner = picture.convert("RGBA").getpixel((0, 0))

    assert corner == (0x15, 0x15, 0x15, 255)


def test_shortcuts_lead_to_pages(manifest):
    shortcuts = manifest.json()["shortcuts"]

    assert shortcuts
    for shortcut in shortcuts:
        assert resolve(shortcut["url"])


def kept_files(client) -> list[str]:
    text = client.get("/sw.js").text
    return json.loads(re.search(r"const FILES = (\[.*?\]);", text)[1])


def version(client) -> str:
    views.shell.cache_clear()
    return re.search(r"PREFIX\}([0-9a-f]{16})`", client.get("/sw.js").text)[1]


def test_the_worker_may_serve_the_whole_site_and_is_asked_for_again(client):
    response = client.get("/sw.js")

    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Service-Worker-Allowed"] == "/"
    assert response["Cache-Control"] == "no-cache"


@pytest.fixture
def collected(tmp_path):
    """Static files under hashed names, from a copy of the sources that may be changed."""
    source, root = tmp_path / "source", tmp_path / "static"
    (source / "css").mkdir(parents=True)
    (source / "js").mkdir()
    (source / "css/base.css").write_text("body { color: black }")
    (source / "js/app.js").write_text("import './other.js';")
    (source / "js/other.js").write_text("export {};")
    with override_settings(STATICFILES_DIRS=[source], STATIC_ROOT=root):
        yield lambda: _collect(source, root)


def _collect(source: Path, root: Path) -> Path:
    call_command("collectstatic", interactive=False, verbosity=0, clear=root.exists())
    # The manifest is read once a process.
    staticfiles_storage.hashed_files = staticfiles_storage.load_manifest()[0]
    return source


def test_the_worker_keeps_hashed_files_that_exist_and_the_offline_page(client, collected, settings):
    collected()

    names = kept_files(client)

    assert names.pop() == "/offline/"
    assert len(names) == len(set(names)) == 3
    for name in names:
        assert HASHED.match(name), name
        assert (Path(settings.STATIC_ROOT) / name.removeprefix("/static/")).is_file()


def test_the_worker_changes_whenever_a_file_does(client, collected):
    source = collected()
    first = version(client)
    assert version(client) == first

    (source / "js/other.js").write_text("export const changed = 1;")
    collected()

    assert version(client) != first


def test_the_worker_changes_whenever_the_offline_page_does(client, monkeypatch):
    first = version(client)
    page = views.offline

    def other(request):
        response = page(request)
        response.content += b"<p>Something new</p>"
        return response

    monkeypatch.setattr(views, "offline", other)

    assert version(client) != first


@pytest.mark.django_db
def test_the_worker_is_the_same_for_everybody(client, alice, bob):
    views.shell.cache_clear()

    assert (
        client.get("/sw.js").text == client_of(alice).get("/sw.js").text == client_of(bob).get("/sw.js").text
    )


@pytest.mark.django_db
def test_everything_the_worker_keeps_can_be_fetched(client):
    names = kept_files(client)

    assert client.get(names.pop()).status_code == 200
    assert names
    for name in names:
        assert finders.find(name.removeprefix("/static/")), name


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/offline/", "/install/"])
def test_nothing_personal_is_in_pages_that_are_kept(alice, path):
    alice.name = "Very Personal"
    alice.save()

    text = client_of(alice).get(path).text

    for secret in ("Very Personal", str(alice.id), alice.email, "csrfmiddlewaretoken"):
        assert secret not in text


@pytest.mark.parametrize(
    "path", ["/manifest.webmanifest", "/sw.js", "/offline/", "/install/", "/config.json"]
)
def test_the_app_needs_no_database_for_its_shell(client, path):
    # Without the `db` fixture any query would fail the test.
    assert client.get(path).status_code == 200


def test_the_configuration_holds_nothing_secret(client, settings):
    response = client.get("/config.json")
    body = response.json()

    assert response["Cache-Control"] == "no-cache"
    assert {name: type(value) for name, value in body.items()} == dict.fromkeys(
        ("name", "version", "url", "socket", "static", "sign_up"), str
    )
    assert (body["socket"], body["static"], body["sign_up"]) == ("/ws/", "/static/", "invited")
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "EMAIL_HOST_PASSWORD"):
        secret = str(getattr(settings, name, "") or "")
        assert not secret or secret not in response.text, name


def test_another_configuration_needs_no_rebuild(client, settings):
    settings.SOCKET_URL, settings.PUBLIC_URL = "wss://chat.example.org:8443/ws/", "https://chat.example.org"
    settings.SIGN_UP = "open"

    body = client.get("/config.json").json()

    assert (body["socket"], body["url"], body["sign_up"]) == (
        "wss://chat.example.org:8443/ws/",
        "https://chat.example.org",
        "open",
    )


def test_the_offline_page_needs_no_nonce(client):
    response = client.get("/offline/")

    # The same page comes from a bucket, with a policy that is the same for everybody.
    assert "<script" not in response.text
    assert "nonce" not in response.text + response["Content-Security-Policy"]


def test_pages_name_the_manifest_the_worker_and_icons(client):
    text = client.get("/offline/").text

    assert '<link rel="manifest" href="/manifest.webmanifest">' in text
    assert 'data-sw="/sw.js"' in text
    assert 'rel="apple-touch-icon"' in text
