"""`manage.py prune` removes what is over, and nothing else; beside the server and beside itself."""

import io
import json
import os
import time
from datetime import timedelta
from threading import Thread

import pytest
from allauth.account.models import EmailConfirmation
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.device_links import make_link
from accounts.models import Device, DeviceLink
from chat.models import Appeal, AuditEntry, Contact, Invitation, Message, Report, Sanction
from chatscape import pruning
from chatscape.pruning import LEFTOVERS, prune, stale_files

DAY = timedelta(days=1)


def run(**options: object) -> dict[str, int]:
    """Prune, and return what was said: numbers by the beginning of their words."""
    out = io.StringIO()
    call_command("prune", stdout=out, **options)
    lines = [
        line.split(maxsplit=1) for line in out.getvalue().splitlines() if line[:9].strip(" ,0123456789") == ""
    ]
    return {words: int(number.replace(",", "")) for number, words in lines}


def ended(number: int) -> None:
    over = timezone.now() - DAY
    Session.objects.bulk_create(
        Session(session_key=f"over{each}", session_data="", expire_date=over) for each in range(number)
    )


def device(person, key: str, *, expires) -> Device:
    session = Session.objects.create(session_key=key, session_data="", expire_date=expires)
    return Device.objects.create(session=session, person=person)


@pytest.mark.django_db
def test_sessions_that_are_over_go_with_their_devices(alice):
    now = timezone.now()
    alive = device(alice, "alive", expires=now + DAY)
    device(alice, "over", expires=now - DAY)

    assert run()["Sessions that are over, with their devices"] == 1
    assert list(Device.objects.all()) == [alive]
    assert list(Session.objects.values_list("pk", flat=True)) == ["alive"]


@pytest.mark.django_db
def test_a_device_whose_session_was_deleted_by_hand_goes(alice):
    kept = device(alice, "alive", expires=timezone.now() + DAY)
    Device.objects.create(session_id="nowhere", person=alice)

    assert run()["Devices whose session is gone"] == 1
    assert list(Device.objects.all()) == [kept]


@pytest.mark.django_db
def test_links_for_devices_go_a_day_after_they_ended(alice):
    now = timezone.now()
    kept, gone = (make_link(device(alice, key, expires=now + DAY)) for key in ("a", "b"))
    DeviceLink.objects.filter(pk=kept.pk).update(expires_at=now - DAY / 2)
    DeviceLink.objects.filter(pk=gone.pk).update(expires_at=now - 2 * DAY)

    run()

    assert list(DeviceLink.objects.all()) == [kept]
    assert Device.objects.count() == 2


@pytest.mark.django_db
def test_invitations_go_but_not_those_a_request_is_seen_by(alice, bob, mallory):
    old, now = timezone.now() - 31 * DAY, timezone.now()
    contacts = [
        Contact.objects.create(owner=alice, email=f"{number}@example.org", name="X") for number in range(4)
    ]
    Contact.objects.filter(pk=contacts[3].pk).update(accepted_at=now, person=bob)
    contacts[3].refresh_from_db()
    kept = [
        Invitation.objects.create(inviter=alice, expires_at=now - DAY),
        Invitation.objects.create(inviter=alice, contact=contacts[0], expires_at=now + DAY),
        # Mallory sees alice's request by it, and has not answered.
        Invitation.objects.create(inviter=alice, contact=contacts[1], joined=mallory, expires_at=old),
    ]
    Invitation.objects.create(inviter=alice, expires_at=old)
    Invitation.objects.create(inviter=alice, contact=contacts[2], expires_at=old)
    Invitation.objects.create(inviter=alice, contact=contacts[3], joined=bob, expires_at=old)

    assert run()["Invitations that ended more than 30 days ago"] == 3
    assert list(Invitation.objects.order_by("pk")) == kept
    assert Contact.objects.filter(pk__in=[each.pk for each in contacts]).count() == 4
    assert Contact.objects.requests_to(mallory).filter(pk=contacts[1].pk).exists()


@pytest.mark.django_db
def test_confirmations_that_ended_go(alice):
    address = alice.emailaddress_set.get()
    for key, age in (("new", DAY), ("old", 100 * DAY)):
        EmailConfirmation.objects.create(email_address=address, key=key, sent=timezone.now() - age)

    run()

    assert list(EmailConfirmation.objects.values_list("key", flat=True)) == ["new"]
    assert alice.emailaddress_set.count() == 1


def closed_report(alice, bob, *, days: int) -> Report:
    return Report.objects.create(
        reporter=alice,
        subject=bob,
        context="what I think of it",
        evidence={
            "name": "Bob",
            "greeting": "words",
            "messages": [{"sequence": 1, "author": str(bob.pk), "body": "words", "before": ["words"]}],
        },
        state=Report.State.CLOSED,
        outcome=Report.Outcome.WARNED,
        decision_reason="why",
        decided_at=timezone.now() - days * DAY,
    )


@pytest.mark.django_db
def test_evidence_and_the_audit_log_are_kept_unless_the_operator_says_so(alice, bob):
    report = closed_report(alice, bob, days=5000)
    AuditEntry.objects.create(action="role.changed", at=timezone.now() - 5000 * DAY)

    run()

    report.refresh_from_db()
    assert report.evidence["messages"][0]["body"] == "words"
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db
def test_words_of_reports_closed_long_ago_go_when_wanted(alice, bob, settings):
    settings.KEEP_EVIDENCE_DAYS = 30
    old, new, appealed = (closed_report(alice, bob, days=days) for days in (31, 29, 31))
    open_one = Report.objects.create(reporter=alice, subject=bob, context="c", evidence={"name": "Bob"})
    sanction = Sanction.objects.create(person=bob, kind="warning", reason="r", report=appealed)
    Appeal.objects.create(sanction=sanction, words="but")

    assert run()["Evidence of reports closed long ago (KEEP_EVIDENCE_DAYS)"] == 1
    assert run()["Evidence of reports closed long ago (KEEP_EVIDENCE_DAYS)"] == 0

    for each in (old, new, appealed, open_one):
        each.refresh_from_db()
    assert "words" not in json.dumps(old.evidence)
    assert (old.context, old.decision_reason, old.evidence["name"]) == ("", "why", "Bob")
    assert all("words" in json.dumps(each.evidence) for each in (new, appealed))
    assert open_one.context == "c"


@pytest.mark.django_db(transaction=True)
def test_old_entries_of_the_audit_log_go_when_wanted_and_it_stays_protected(settings):
    settings.KEEP_AUDIT_DAYS = 365
    old = timezone.now() - 400 * DAY
    for action in ("role.changed", "person.erased", "audit.pruned"):
        AuditEntry.objects.create(action=action, at=old)
    AuditEntry.objects.create(action="role.changed", at=timezone.now() - 300 * DAY)

    assert run()["Old entries of the audit log (KEEP_AUDIT_DAYS)"] == 1

    assert sorted(AuditEntry.objects.values_list("action", flat=True)) == [
        "audit.pruned",
        "audit.pruned",
        "person.erased",
        "role.changed",
    ]
    newest = AuditEntry.objects.order_by("-at").first()
    assert newest.after == {"entries": 1, "days": 365}
    for change in (AuditEntry.objects.all()._raw_delete, lambda using: AuditEntry.objects.update(action="x")):
        with pytest.raises(DatabaseError, match="append-only"):
            change("default")


@pytest.mark.django_db
def test_messages_people_and_contacts_stay(room, alice, bob):
    from chat.actions.messages import post_message

    post_message(
        author=alice, room_id=room.pk, client_id="5f0c7d5e-3b3f-4d7e-9b60-0d4d1c6c1c11", body="still here"
    )
    ended(3)
    before = {model: model.objects.count() for model in (Message, Contact, type(alice), type(room))}

    run()

    assert {model: model.objects.count() for model in before} == before


@pytest.mark.django_db
def test_a_dry_run_counts_and_removes_nothing(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path
    ended(7)

    assert run(dry_run=True)["Sessions that are over, with their devices"] == 7
    assert Session.objects.count() == 7
    assert run()["Sessions that are over, with their devices"] == 7
    assert run()["Sessions that are over, with their devices"] == 0


@pytest.mark.django_db
def test_it_goes_in_batches_and_leaves_time_between_them(monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 10)
    ended(25)
    pauses: list[float] = []

    with CaptureQueriesContext(connection) as queries:
        removed = prune(LEFTOVERS[0], pause=pauses.append)

    assert removed == 25
    assert len(pauses) == 3
    deletes = [
        each["sql"] for each in queries if each["sql"].startswith("DELETE") and "session" in each["sql"]
    ]
    assert len(deletes) <= 3 * 3


@pytest.mark.django_db
def test_finding_sessions_reads_an_index():
    ended(50)
    plan = pruning._sessions(timezone.now()).order_by("expire_date")[:10]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")

    assert "expire_date" in plan.explain()
    assert "SCAN django_session\n" not in plan.explain() + "\n"


@pytest.mark.django_db
def test_finding_old_entries_reads_an_index(settings):
    settings.KEEP_AUDIT_DAYS = 1
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")

    assert "chat_auditentry_at" in pruning._audit(timezone.now()).order_by("at")[:10].explain()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_remove_everything_once(monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 20)
    ended(400)
    removed: list[int] = []

    def one() -> None:
        try:
            removed.append(prune(LEFTOVERS[0], pause=lambda seconds: None))
        finally:
            connection.close()

    threads = [Thread(target=one) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(removed) == 400
    assert len(removed) == 2
    assert Session.objects.count() == 0


@pytest.mark.django_db
def test_what_cannot_be_removed_hinders_nothing_else(monkeypatch):
    from dataclasses import replace

    from django.core.management.base import CommandError

    from chatscape.management.commands import prune as command

    def fails(rows):
        raise DatabaseError("locked")

    ended(1)
    broken = replace(LEFTOVERS[0], name="Broken", remove=fails)
    monkeypatch.setattr(command, "LEFTOVERS", (broken, *LEFTOVERS))

    with pytest.raises(CommandError, match="Broken: locked"):
        run()
    assert Session.objects.count() == 0


def test_files_of_the_version_before_go_when_nobody_has_them_open_any_more(tmp_path):
    named = "css/base.0123456789ab.css"
    stale = ("css/base.ba9876543210.css", "css/base.ba9876543210.css.gz", "css/base.ba9876543210.css.br")
    kept = (
        named,
        f"{named}.gz",
        f"{named}.br",
        "css/base.css",
        "staticfiles.json",
        "robots.txt",
        "v1.5.min.js",
    )
    (tmp_path / "css").mkdir()
    for name in (*stale, *kept):
        (tmp_path / name).write_text("x")
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": {"css/base.css": named}}))

    assert list(stale_files(tmp_path, 7 * DAY)) == []
    week = time.time() - 8 * 86_400
    os.utime(tmp_path / "staticfiles.json", (week, week))
    assert sorted(file.relative_to(tmp_path).as_posix() for file in stale_files(tmp_path, 7 * DAY)) == sorted(
        stale
    )


@pytest.mark.parametrize("manifest", [None, "", "{}", "[]"])
def test_without_a_manifest_no_file_is_stale(manifest, tmp_path):
    (tmp_path / "base.ba9876543210.css").write_text("x")
    if manifest is not None:
        (tmp_path / "staticfiles.json").write_text(manifest)
        os.utime(tmp_path / "staticfiles.json", (0, 0))

    assert list(stale_files(tmp_path, DAY)) == []
