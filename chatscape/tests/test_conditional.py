"""A page is only sent again when it would look different, to this viewer, from this build."""

from importlib import import_module

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import RequestFactory, override_settings
from django.utils import translation

from accounts.models import User
from chatscape import conditional
from chatscape.conditional import build, not_modified, stamped

ALICE, BOB = User(name="Alice"), User(name="Bob")
SECRET = "s" * 32


def asked(user=ALICE, method="get", secret=SECRET, **headers):
    request = getattr(RequestFactory(), method)("/", headers=headers)
    request.user = user
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    request._messages = CookieStorage(request)
    if secret:
        request.COOKIES["csrftoken"] = secret
    return request


def tag(stamp="5", **asking):
    return stamped(asked(**asking), HttpResponse("page"), stamp)["ETag"]


def answer(given, stamp="5", **asking):
    asking.setdefault("if_none_match", given)
    return not_modified(asked(**asking), stamp)


def test_the_same_page_is_not_sent_again():
    response = answer(tag())

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == tag()
    # What a cache needs to know of the page is repeated (RFC 9110, 15.4.5).
    assert response["Vary"] == stamped(asked(), HttpResponse("page"), "5")["Vary"]


def test_without_a_question_there_is_the_page():
    assert not_modified(asked(), "5") is None


def test_another_stamp_is_another_page():
    assert answer(tag(stamp="5"), stamp="6") is None


@pytest.mark.parametrize(
    "other",
    [
        {"user": BOB},
        {"user": AnonymousUser()},
        {"secret": "t" * 32},
        {"secret": ""},
        {"accept": "application/json"},
        {"hx-request": "true"},
        {"hx-request": "true", "hx-history-restore-request": "true"},
        {"hx-target": "section#contact-list"},
    ],
)
def test_whoever_asks_differently_gets_a_page(other):
    assert tag(**other) != tag()
    assert answer(tag(), **other) is None
    assert answer(tag(**other), **other).status_code == 304


def test_another_language_is_another_page():
    with translation.override("de"):
        german = tag()

    assert answer(german) is None


def test_another_build_is_another_page(monkeypatch):
    before = tag()
    monkeypatch.setattr(conditional, "build", lambda: "another")

    assert answer(before) is None


def test_the_build_is_that_of_files_and_settings():
    build.cache_clear()
    first = build()
    build.cache_clear()
    assert build() == first
    for changed in ({"SIGN_UP": "open"}, {"PUBLIC_URL": "https://chat.example.org"}):
        build.cache_clear()
        with override_settings(**changed):
            assert build() != first
    build.cache_clear()


def test_the_build_changes_with_a_template(tmp_path, settings):
    (tmp_path / "templates").mkdir()
    settings.BASE_DIR, page = tmp_path, tmp_path / "templates" / "page.html"
    seen = set()
    for text in ("one", "another", ""):
        page.write_text(text)
        build.cache_clear()
        seen.add(build())
    build.cache_clear()
    assert len(seen) == 3


def test_several_and_weakened_tags_are_understood():
    assert answer(f'"other", {tag()}').status_code == 304
    assert answer('"other"') is None
    assert answer("nonsense, W/") is None


def test_only_reading_is_answered_with_304():
    assert answer(tag(), method="post") is None
    assert answer(tag(), method="head").status_code == 304
    assert "ETag" not in stamped(asked(method="post"), HttpResponse(), "5")


def test_an_error_has_no_validator():
    assert "ETag" not in stamped(asked(), HttpResponse(status=422), "5")


def test_whoever_has_no_secret_yet_is_given_one_and_gets_another_page_with_it():
    request = asked(secret="")
    get_token(request)
    kept = stamped(request, HttpResponse(), "5")["ETag"]

    again = asked(secret="", if_none_match=kept)

    assert not_modified(again, "5").status_code == 304
    assert again.META["CSRF_COOKIE_NEEDS_UPDATE"]
    assert answer(kept, secret=again.META["CSRF_COOKIE"]) is None


def test_what_was_just_done_is_told_and_told_once():
    request = asked(if_none_match=tag())
    messages.success(request, "Saved.")
    assert not_modified(request, "5") is None

    list(messages.get_messages(request))

    # A page that tells it must not be shown again as if it were the page.
    assert "ETag" not in stamped(request, HttpResponse(), "5")


def test_a_page_without_anything_to_tell_has_its_validator():
    request = asked()
    list(messages.get_messages(request))

    assert stamped(request, HttpResponse(), "5")["ETag"] == tag()
