"""The audit log: everything that the admin site lets anybody do is in it, once, and stays."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from accounts.tests.people import make_user
from chat.actions import moderation
from chat.actions.appeals import appeal
from chat.actions.audit import record
from chat.models import AuditEntry, Filter
from chat.tests.moderation.reporting import post, reported
from chat.tests.situations import client_of
from chatscape.admin.page import PageAdmin

pytestmark = pytest.mark.django_db

LOG = "/admin/chat/auditentry/"
WHY = "because it is so"


@pytest.fixture
def everything(alice, mona, bob, mallory, their_room):
    """A row of every kind, in every state that has forms of its own: by the label of its model."""
    open_report, taken = reported(bob, their_room, 2), reported(bob, their_room, 2)
    moderation.take_report(actor=alice, report_id=taken.pk)
    closed = make_user("Closed")
    moderation.set_active(actor=alice, person=closed, active=False, reason=WHY)
    sanction = moderation.sanction(actor=alice, person=mallory, kind="warning", reason=WHY)
    second = moderation.sanction(
        actor=make_user("Adam", role="admin"), person=mallory, kind="mute", reason=WHY, days=1
    )
    objection = appeal(person=mallory, sanction_id=second.pk, words="No")
    return {
        "chat.Report": [open_report, taken],
        "chat.Sanction": [sanction],
        "chat.Appeal": [objection],
        "accounts.User": [mallory, closed],
    }


# What is typed into each form that there is; a form without a line here fails the test.
DEEDS = {
    ("chat.Report", "decide"): {"decision": "suspend", "days": "2", "reason": WHY, "remove": ["2"]},
    ("chat.Report", "take"): {},
    ("chat.Report", "release"): {},
    ("chat.Sanction", "lift"): {"reason": WHY},
    ("chat.Appeal", "decide"): {"decision": "grant", "answer": WHY},
    ("accounts.User", "profile"): {"name": "Somebody Else", "intro": "new"},
    ("accounts.User", "role"): {"role": "moderator"},
    ("accounts.User", "active"): {"reason": WHY},
    ("accounts.User", "sanction"): {"decision": "ban", "reason": WHY},
}
# Deeds that a row in another state has nothing to change by.
NOTHING_TO_DO = {("open", "release"), ("taken", "take")}


def test_every_form_writes_one_entry_with_before_and_after(alice, everything):
    request = RequestFactory().get("/")
    request.user = alice
    tried = set()
    for model, part in admin.site._registry.items():
        if not isinstance(part, PageAdmin):
            continue
        label = model._meta.label
        for row in everything[label]:
            row.refresh_from_db()
            path = f"/admin/{label.lower().replace('.', '/')}/{row.pk}/change/"
            for do in part.forms(request, part.get_object(request, str(row.pk)), None, ""):
                if (getattr(row, "state", ""), do) in NOTHING_TO_DO:
                    continue
                with transaction.atomic():
                    before = AuditEntry.objects.count()
                    answer = post(alice, path, do, **DEEDS[label, do])
                    assert answer.status_code == 303, (label, do, answer.text)
                    assert AuditEntry.objects.count() == before + 1, (label, do)
                    entry = AuditEntry.objects.first()
                    assert entry.actor == alice.pseudonym
                    assert entry.actor_role == "owner"
                    assert entry.target
                    assert entry.before, (label, do)
                    assert entry.after, (label, do)
                    assert entry.before != entry.after
                    assert WHY not in f"{entry.before}{entry.after}"
                    transaction.set_rollback(True)
                tried.add((label, do))
    assert tried == set(DEEDS)
    assert not LogEntry.objects.exists()


def test_so_does_everything_one_does_with_filters(alice):
    client, path = client_of(alice), "/admin/chat/filter/"
    typed = {"kind": "word", "pattern": "casino", "action": "hold", "is_active": "on"}

    def entries_of(place: str, **fields: str) -> list[AuditEntry]:
        known = AuditEntry.objects.count()
        assert client.post(path + place, typed | fields).status_code in (200, 303)
        return list(AuditEntry.objects.order_by("id")[known:])

    assert entries_of("add/", do="preview") == []
    (made,) = entries_of("add/", do="save")
    page = f"{Filter.objects.get().pk}/change/"
    (changed,) = entries_of(page, do="save", action="block")
    (gone,) = entries_of(page, do="delete")
    assert made.after
    assert changed.before != changed.after
    assert gone.before
    assert not Filter.objects.exists()
    assert "casino" not in f"{made.after}{changed.before}{changed.after}{gone.before}"


# What has a way of its own to add rows: the test above goes it.
WITH_FORMS = {"chat.Filter"}


def test_nothing_else_is_permitted_to_anybody(alice):
    request = RequestFactory().get("/")
    request.user = alice
    for model, part in admin.site._registry.items():
        permitted = part.get_model_perms(request)
        assert permitted.pop("view")
        assert not part.get_actions(request)
        assert not part.list_editable
        assert not part.inlines
        if model._meta.label not in WITH_FORMS:
            assert not any(permitted.values()), model


def test_the_log_names_people_while_they_are_here(alice, ada, mallory):
    moderation.sanction(actor=ada, person=mallory, kind="mute", days=2, reason=WHY)
    page = client_of(alice).get(LOG).text
    for words in ("Ada", "Mallory", "person: sanction", "muted", "no → yes"):
        assert words in page

    mallory.delete()
    page = client_of(alice).get(LOG).text
    assert "Mallory" not in page
    assert "erased person" in page
    assert "Ada" in page


def test_filters_and_search(alice, ada, mona, bob, mallory):
    with transaction.atomic():
        record(actor=ada, action="person.close", subject=bob, target="person:1")
        record(actor=mona, action="report.take", subject=mallory, target="report:2")
        old = record(actor=None, action="person.open", subject=bob, target="person:3")
    client = client_of(alice)

    def found(query: str) -> list[str]:
        rows = list(csv.DictReader(io.StringIO(client.get(f"{LOG}export/{query}").text)))
        assert client.get(LOG + query).text.count("<tr>") == len(rows) + 1 if rows else True
        return [row["target"] for row in rows]

    assert found("") == ["person:3", "report:2", "person:1"]
    assert found("?action=report.take") == ["report:2"]
    assert found(f"?who={ada.pseudonym}") == ["person:1"]
    assert found("?q=mona") == found("?q=mallory") == ["report:2"]
    assert found("?q=person:3") == ["person:3"]
    assert found("?q=%") == []
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat().replace("+", "%2B")
    assert found(f"?at__gte={tomorrow}") == []
    assert found("?who=nobody") == ["person:3", "report:2", "person:1"]
    assert "the server" in client.get(LOG).text
    assert old.actor_role == "system"


def test_the_log_is_only_read(alice, ada, mallory):
    moderation.sanction(actor=ada, person=mallory, kind="warning", reason=WHY)
    entry = AuditEntry.objects.get()
    client = client_of(alice)

    for path in ("add/", f"{entry.pk}/delete/"):
        assert client.post(LOG + path, {"post": "yes"}).status_code == 403
    assert client.post(f"{LOG}{entry.pk}/change/", {"action": "x"}).status_code == 404
    client.post(LOG, {"action": "delete_selected", "_selected_action": [str(entry.pk)], "post": "yes"})
    assert AuditEntry.objects.count() == 1


def test_the_log_takes_as_many_questions_for_many_as_for_few(alice, django_assert_max_num_queries):
    def some(number: int) -> None:
        with transaction.atomic():
            for each in range(number):
                actor = make_user(f"Actor {number} {each}", role="moderator")
                record(actor=actor, action="report.take", subject=make_user(f"Subject {number} {each}"))

    client = client_of(alice)
    some(1)
    with django_assert_max_num_queries(15) as few:
        client.get(LOG)
    some(9)
    with django_assert_max_num_queries(len(few)):
        assert "Subject 9 8" in client.get(LOG).text


def test_old_addresses_lead_on(alice):
    client = client_of(alice)

    assert client.get("/admin/chat/")["Location"] == "/admin/"
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"
    assert client.post("/admin/logout/")["Location"] == "/accounts/logout/"
    for path in ("autocomplete/", "jsi18n/", f"r/1/{alice.pk}/"):
        assert client.get(f"/admin/{path}").status_code == 404
