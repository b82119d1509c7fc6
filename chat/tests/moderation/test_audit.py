"""Every deed of a moderator is in the audit log once, in its own transaction, and without anybody's words."""

import inspect
import json
import re

import pytest

from accounts.models import User
from chat.actions import appeals, audit, moderation
from chat.models import AuditEntry, Sanction
from chat.tests.moderation.conftest import report_about

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
WORDS = "Secret words"


@pytest.fixture
def scene(mona, ada, milo, mallory, report):
    """What the deeds below need: a sanction of mallory and an appeal against it."""
    warning = moderation.sanction(actor=ada, person=mallory, kind="warning", reason=WORDS)
    appealed = moderation.sanction(actor=ada, person=mallory, kind="mute", reason=WORDS, days=1)
    made = appeals.appeal(person=mallory, sanction_id=appealed.id, words=WORDS)
    return {
        "report": report,
        "warning": warning,
        "appeal": made,
        "mallory": mallory,
        "mona": mona,
        "ada": ada,
    }


def ended_suspension(it):
    Sanction.objects.create(
        person=it["mallory"], kind="suspension", reason=WORDS, ends_at="2020-01-01T00:00Z"
    )
    User.objects.filter(pk=it["mallory"].pk).update(is_active=False)


def taken(it):
    moderation.take_report(actor=it["mona"], report_id=it["report"].id)


DEEDS = {
    moderation.take_report: lambda do, it: do(actor=it["mona"], report_id=it["report"].id),
    moderation.release_report: lambda do, it: do(actor=it["mona"], report_id=it["report"].id),
    moderation.decide: lambda do, it: do(
        actor=it["mona"], report_id=it["report"].id, decision="suspend", reason=WORDS, days=2, remove=[1, 2]
    ),
    moderation.sanction: lambda do, it: do(actor=it["ada"], person=it["mallory"], kind="ban", reason=WORDS),
    moderation.lift: lambda do, it: do(actor=it["mona"], sanction_id=it["warning"].id, reason=WORDS),
    moderation.set_role: lambda do, it: do(actor=it["ada"], person=it["mallory"], role="moderator"),
    moderation.set_active: lambda do, it: do(
        actor=it["ada"], person=it["mallory"], active=False, reason=WORDS
    ),
    moderation.reopen: lambda do, it: do(person=it["mallory"]),
    appeals.appeal: lambda do, it: do(person=it["mallory"], sanction_id=it["warning"].id, words=WORDS),
    appeals.decide_appeal: lambda do, it: do(
        actor=it["mona"], appeal_id=it["appeal"].id, grant=True, answer=WORDS
    ),
}
BEFORE = {moderation.release_report: taken, moderation.reopen: ended_suspension}


def deeds_of(module):
    return {
        function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_"
    }


def test_every_deed_is_here():
    assert deeds_of(moderation) | deeds_of(appeals) == set(DEEDS)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_a_deed_is_written_down_once(deed, scene, bob):
    BEFORE.get(deed, lambda it: None)(scene)
    known = set(AuditEntry.objects.values_list("pk", flat=True))

    DEEDS[deed](deed, scene)

    entry = AuditEntry.objects.exclude(pk__in=known).get()
    mallory = scene["mallory"]
    assert entry.subject == mallory.pseudonym
    actors = {person.pseudonym: person.role for person in User.objects.all()}
    assert entry.actor_role == actors.get(entry.actor, "system")
    assert entry.action
    assert entry.target.partition(":")[2]
    written = json.dumps([entry.action, entry.target, entry.before, entry.after])
    # An id may spell a name.
    written = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", written)
    for person in User.objects.all():
        for told in (person.email, person.name):
            assert told.lower() not in written.lower()
    for told in (WORDS, "nasty", "rude", "@"):
        assert told not in written


@pytest.mark.parametrize("deed", [each for each in DEEDS if each is not moderation.reopen])
def test_a_deed_that_cannot_be_written_down_is_not_done(deed, scene, monkeypatch):
    BEFORE.get(deed, lambda it: None)(scene)

    def state():
        people = User.objects.order_by("pk").values_list("role", "is_active", "muted_until", "has_notice")
        reports = scene["report"].__class__.objects.values_list("state", "outcome")
        sanctions = Sanction.objects.order_by("pk").values_list("pk", "lifted_at", "appeal__state")
        return list(people), list(reports), list(sanctions)

    def full(**fields):
        raise OSError("disk full")

    before = state()
    monkeypatch.setattr(AuditEntry.objects, "create", full)
    with pytest.raises(OSError, match="disk full"):
        DEEDS[deed](deed, scene)

    assert state() == before


def test_what_was_before_and_after_is_said(ada, mona, report, mallory):
    moderation.decide(actor=mona, report_id=report.id, decision="mute", reason=WORDS, days=3, remove=[2])
    moderation.set_role(actor=ada, person=mallory, role="moderator")

    decided, role = AuditEntry.objects.order_by("id")
    assert (decided.before, decided.after) == (
        {"state": "open"},
        {"state": "closed", "outcome": "muted", "days": 3, "removed": [2]},
    )
    assert (role.before, role.after) == ({"role": "member"}, {"role": "moderator"})


def test_what_was_refused_is_not_written_down(mona, bob, report):
    for actor in (bob, mona):
        with pytest.raises(Exception, match=r".+"):
            moderation.decide(actor=actor, report_id=report.id, decision="ban", reason=" ")

    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_of_a_transaction_is_refused(ada):
    with pytest.raises(RuntimeError):
        audit.record(actor=ada, action="nothing")


def test_an_erased_persons_entries_lead_nowhere(mona, bob, mallory):
    report = report_about(mallory, by=bob)
    moderation.decide(actor=mona, report_id=report.id, decision="warn", reason=WORDS)
    pseudonym = mallory.pseudonym

    mallory.delete()

    assert AuditEntry.objects.filter(subject=pseudonym).count() == 1
    assert not User.objects.filter(pseudonym=pseudonym).exists()
