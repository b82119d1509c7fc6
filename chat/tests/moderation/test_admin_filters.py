"""Filters in the admin site: who changes them, what they would have caught, and what they hold (MO6)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat import filters
from chat.models import AuditEntry, Filter, Message, Report
from chat.tests.situations import befriend, client_of, say

pytestmark = pytest.mark.django_db

LIST, NEW = "/admin/chat/filter/", "/admin/chat/filter/add/"
DARN = {"kind": "word", "pattern": "darn", "action": "hold", "replacement": "", "is_active": "on"}


@pytest.fixture(autouse=True)
def looking():
    before, filters.EVERY = filters.EVERY, -1.0
    filters.known.due = 0.0
    yield
    filters.EVERY = before
    filters.known.due = float("inf")
    filters.known.filters = None


def saved(**fields) -> Filter:
    return Filter.objects.create(**{"kind": "word", "pattern": "darn", "action": "hold", **fields})


def text(response) -> str:
    return response.content.decode()


def preview_of(person, **fields) -> str:
    page = client_of(person).post(NEW, {**DARN, **fields, "do": "preview"})
    assert page.status_code == 200
    return text(page)


def counts(page: str) -> list[int]:
    return [int(part.partition("</dd>")[0]) for part in page.split("<dd>")[1:]]


def test_who_runs_the_server_makes_changes_and_deletes_a_filter(alice, ada):
    assert client_of(ada).post(NEW, {**DARN, "do": "save"})["Location"] == LIST
    [made] = Filter.objects.all()
    assert (made.pattern, made.action, made.is_active, made.created_by) == ("darn", "hold", True, ada)
    url = f"{LIST}{made.pk}/change/"
    changed = {
        "kind": "word",
        "pattern": "Darn  it",
        "action": "replace",
        "replacement": "gosh",
        "do": "save",
    }
    assert client_of(alice).post(url, changed).status_code == 303
    made.refresh_from_db()
    assert (made.pattern, made.action, made.replacement, made.is_active) == (
        "Darn it",
        "replace",
        "gosh",
        False,
    )
    assert client_of(alice).post(url, {"do": "delete"})["Location"] == LIST
    assert not Filter.objects.exists()
    log = AuditEntry.objects.filter(target=f"filter:{made.pk}").order_by("pk")
    assert [entry.action for entry in log] == ["filter.add", "filter.change", "filter.delete"]
    assert [entry.actor for entry in log] == [ada.pseudonym, alice.pseudonym, alice.pseudonym]
    assert log[1].before == {"kind": "word", "action": "hold", "active": True}
    assert log[1].after == {"kind": "word", "action": "replace", "active": False, "pattern": "changed"}
    assert "arn" not in str(list(log.values("before", "after", "target")))


def test_moderators_look_and_change_nothing(mona):
    found = saved()
    client, url = client_of(mona), f"{LIST}{found.pk}/change/"
    assert "darn" in text(client.get(LIST))
    assert NEW not in text(client.get(LIST))
    page = text(client.get(url))
    assert page.count(" disabled") == 5
    assert 'value="save"' not in page
    for doing in ("save", "delete", "preview", ""):
        assert client.post(url, {**DARN, "pattern": "other", "do": doing}).status_code == 403
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, {**DARN, "do": "save"}).status_code == 403
    assert Filter.objects.get().pattern == "darn"
    assert not AuditEntry.objects.exists()


def test_members_find_no_filters(bob):
    found = saved()
    for url in (LIST, NEW, f"{LIST}{found.pk}/change/"):
        assert client_of(bob).get(url).status_code in (302, 403, 404)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pattern": ""}, "required"),
        ({"pattern": "***"}, "name a word or a phrase"),
        ({"pattern": "x" * 201}, "200"),
        ({"pattern": "evil", "kind": "link"}, "name a site, like example.com"),
        ({"pattern": "evil.example/path", "kind": "link"}, "name a site, like example.com"),
        ({"pattern": "known"}, "there is such a filter already"),
        ({"action": "ban"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(alice, fields, words):
    saved(pattern="known")
    page = client_of(alice).post(NEW, {**DARN, "replacement": "mine", **fields, "do": "save"})
    assert page.status_code == 422
    assert words in text(page)
    assert 'value="mine"' in text(page)
    assert Filter.objects.count() == 1


def test_a_site_is_kept_as_its_host(alice):
    client_of(alice).post(NEW, {**DARN, "kind": "link", "pattern": "https://WWW.Evil.example/", "do": "save"})
    assert Filter.objects.get().pattern == "evil.example"


def test_a_preview_counts_and_shows_no_private_words(alice, bob, mallory, their_room, report, settings):
    private = befriend(bob, alice)
    say(bob, private, "a darn secret of bob")
    old = say(mallory, their_room, "darn from long ago")
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=10))
    older = say(mallory, their_room, "darn from longer ago")
    Message.objects.filter(pk=older.pk).update(created_at=timezone.now() - timedelta(days=31))
    page = preview_of(alice)
    assert counts(page) == [1, 2]
    assert "secret" not in page
    assert "long ago" not in page
    assert 'value="darn"' in page
    assert not Filter.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_preview_shows_what_was_reported(alice, bob, mallory, their_room, report):
    page = preview_of(alice, pattern="nast*")
    assert "<mark>nasty</mark>" in page
    assert f"/admin/chat/report/{report.pk}/change/" in page


def test_a_preview_looks_at_so_many_messages_only(alice, bob, mallory, their_room, monkeypatch):
    from chat.admin import filters as page

    for number in range(6):
        say(bob, their_room, f"darn {number}")
    monkeypatch.setattr(page, "MESSAGES_MOST", 4)
    shown = preview_of(alice)
    assert counts(shown) == [4, 4]
    assert "Looked at 4 messages" in shown
    assert "There are more before" in shown


def test_a_preview_of_what_finds_nothing_says_so(alice):
    page = client_of(alice).post(NEW, {**DARN, "pattern": "  ", "do": "preview"})
    assert page.status_code == 422


@pytest.mark.parametrize(("decision", "outcome"), [("release", "released"), ("reject", "removed")])
def test_what_a_filter_holds_is_decided_on_the_page_of_its_report(mona, bob, their_room, decision, outcome):
    saved()
    held = say(bob, their_room, "darn")
    url = f"/admin/chat/report/{Report.objects.get(kind='filter').pk}/change/"
    client = client_of(mona)
    page = text(client.get(url))
    assert "Release the message" in page
    assert "<code>darn</code>" in page
    assert "nasty" not in page
    assert client.post(url, {"do": "decide", "decision": "", "reason": "x"}).status_code == 422
    refused = client.post(url, {"do": "decide", "decision": decision, "reason": " "})
    assert refused.status_code == 422
    assert client.post(url, {"do": "decide", "decision": decision, "reason": "Because"}).status_code == 303
    held.refresh_from_db()
    assert Report.objects.get(kind="filter").outcome == outcome
    assert bool(held.deleted_at) is (decision == "reject")
