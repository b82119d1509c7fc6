"""The page of a report: what it shows, and what its forms do."""

import pytest

from chat import filters
from chat.actions import moderation
from chat.actions.messages import delete_message, edit_message
from chat.models import AuditEntry, Filter, Report, Sanction
from chat.tests.moderation.reporting import bare, page_of, post, reported
from chat.tests.situations import at_once, client_of, say

pytestmark = pytest.mark.django_db

WORDS = "This is not welcome here.\n\nWrite kindly & <stay>."
SHOWN = "This is not welcome here.\n\nWrite kindly &amp; &lt;stay&gt;."


@pytest.fixture
def full(bob, mallory, their_room) -> Report:
    """bob reports message 2, which was edited before, and message 5; message 1 was deleted before."""
    say(mallory, their_room, "<b>five</b>")
    edit_message(actor=mallory, room_id=their_room.id, sequence=2, body="nasty, edited")
    delete_message(actor=mallory, room_id=their_room.id, sequence=1)
    return reported(bob, their_room, 2, "harassment", "He is rude.\nVery <i>rude</i>.", picked=[5])


def test_the_evidence_is_shown_as_it_looked(mona, mallory, full, their_room):
    edit_message(actor=mallory, room_id=their_room.id, sequence=2, body="a friendly word")
    delete_message(actor=mallory, room_id=their_room.id, sequence=5)
    page = client_of(mona).get(page_of(full)).text
    rows = page.split('<ol class="proof">')[1].split("</ol>")[0].split("<li class=")[1:]
    by_number = {row.split('id="proof-')[1].split('"')[0]: row for row in rows}

    assert list(by_number) == ["1", "2", "3", "4", "5"]
    assert "Message deleted" in by_number["1"]
    assert "nasty, edited" in by_number["2"]
    assert "<li>nasty</li>" in by_number["2"]
    assert "&lt;b&gt;five&lt;/b&gt;" in by_number["5"]
    assert [number for number, row in by_number.items() if "picked" in row.split('id="')[0]] == ["2", "5"]
    assert [number for number, row in by_number.items() if "of-subject" in row] == ["1", "2", "4", "5"]
    assert "Bob</strong>" in by_number["3"]
    assert all("<time datetime=" in row for row in rows)
    assert "friendly" not in page
    assert "He is rude.\nVery &lt;i&gt;rude&lt;/i&gt;." in page


def test_only_messages_of_the_person_can_be_ticked(mona, full):
    page = client_of(mona).get(page_of(full)).text

    assert [number for number in "12345" if f'name="remove" value="{number}"' in page] == ["2", "4", "5"]


def test_the_persons_history_is_beside_it(mona, milo, alice, bob, mallory, full):
    earlier = bare(mallory, bob, reason="spam", context="an older story")
    moderation.decide(actor=milo, report_id=earlier.pk, decision="warn", reason="No advertising, please")
    also = bare(mallory, bob, reason="hate", urgency=2)
    page = client_of(mona).get(page_of(full)).text

    assert "No advertising, please" in page
    assert f'href="/admin/chat/report/{earlier.pk}/change/"' in page
    assert f'href="/admin/chat/report/{also.pk}/change/"' in page
    assert f'href="/admin/chat/sanction/{Sanction.objects.get().pk}/change/"' in page
    for words in ("Warned", "Member", "Here for", "Also waiting"):
        assert words in page


@pytest.mark.parametrize(
    ("decision", "outcome", "kinds"),
    [
        ("dismiss", "dismissed", []),
        ("warn", "warned", ["warning"]),
        ("mute", "muted", ["mute"]),
        ("suspend", "suspended", ["suspension"]),
        ("ban", "banned", ["ban"]),
        ("remove", "removed", ["removal"]),
    ],
)
def test_each_decision(mona, mallory, full, decision, outcome, kinds):
    typed = {"decision": decision, "reason": WORDS, "days": "3"}
    if decision == "remove":
        typed["remove"] = ["2", "5"]

    answer = post(mona, page_of(full), "decide", **typed)

    assert (answer.status_code, answer["Location"]) == (303, page_of(full))
    full.refresh_from_db()
    assert (full.state, full.outcome, full.decided_by) == ("closed", outcome, mona)
    assert full.decision_reason.replace("\r", "") == WORDS
    assert [sanction.kind for sanction in Sanction.objects.of(mallory)] == kinds
    assert AuditEntry.objects.get().action == "report.decide"
    page = client_of(mona).get(page_of(full)).text
    assert SHOWN in page.replace("\r", "")
    assert 'name="decision"' not in page


def test_what_is_ticked_goes_with_any_measure(mona, mallory, their_room, full):
    post(mona, page_of(full), "decide", decision="warn", reason=WORDS, remove=["2"])

    gone = their_room.messages.exclude(deleted_at=None).values_list("sequence", flat=True)
    assert sorted(gone) == [1, 2]


def test_what_is_ticked_stays_when_the_report_is_dismissed(mona, their_room, full):
    assert (
        post(mona, page_of(full), "decide", decision="dismiss", reason=WORDS, remove=["2"]).status_code == 303
    )
    assert their_room.messages.get(sequence=2).deleted_at is None


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"decision": "ban", "reason": "  \n "}, "say why"),
        ({"decision": "ban"}, "say why"),
        ({"decision": "", "reason": WORDS}, "choose what to do"),
        ({"reason": WORDS}, "choose what to do"),
        ({"decision": "burn", "reason": WORDS}, "Select a valid choice"),
        ({"decision": "mute", "reason": WORDS}, "for how many days"),
        ({"decision": "mute", "reason": WORDS, "days": "0"}, "for how many days"),
        ({"decision": "suspend", "reason": WORDS, "days": "x"}, "Enter a whole number"),
        ({"decision": "suspend", "reason": WORDS, "days": "9999999999999"}, "for how many days"),
        ({"decision": "remove", "reason": WORDS}, "choose the messages"),
        ({"decision": "remove", "reason": WORDS, "remove": ["3"]}, "Select a valid choice"),
        ({"decision": "remove", "reason": WORDS, "remove": ["x"]}, "Select a valid choice"),
        ({"decision": "warn", "reason": "long " * 500}, "at most 2000"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(mona, mallory, full, typed, complaint):
    answer = post(mona, page_of(full), "decide", **typed)

    assert answer.status_code == 422
    assert complaint in answer.text
    if typed.get("reason") == WORDS:
        assert SHOWN in answer.text
    if typed.get("decision") in ("ban", "mute", "remove"):
        assert f'value="{typed["decision"]}"' in answer.text.split(" checked")[0][-120:]
    full.refresh_from_db()
    assert full.state == "open"
    assert not Sanction.objects.exists()
    assert not AuditEntry.objects.exists()


def test_ticks_stay_when_something_else_is_wrong(mona, full):
    answer = post(mona, page_of(full), "decide", decision="warn", reason="", remove=["5"])

    assert 'name="remove" value="5" form="decide" checked' in answer.text
    assert 'name="remove" value="2" form="decide">' in answer.text


def test_others_see_who_looks_at_it(mona, milo, full):
    assert "Nobody looks at this" in client_of(milo).get(page_of(full)).text
    assert post(mona, page_of(full), "take").status_code == 303
    assert "You look at this report" in client_of(mona).get(page_of(full)).text
    assert "Mona has looked at this report" in client_of(milo).get(page_of(full)).text

    refused = post(milo, page_of(full), "take")
    assert refused.status_code == 409
    assert "Mona looks at this report." in refused.text

    assert post(mona, page_of(full), "release").status_code == 303
    assert post(milo, page_of(full), "take").status_code == 303
    full.refresh_from_db()
    assert full.taken_by == milo


def test_whoever_was_slower_is_told_who_decided_and_keeps_the_words(mona, milo, mallory, full):
    post(mona, page_of(full), "decide", decision="warn", reason="Be kind")

    answer = post(milo, page_of(full), "decide", decision="ban", reason=WORDS)

    assert answer.status_code == 409
    assert "Mona decided this" in answer.text
    assert "Be kind" in answer.text
    assert SHOWN in answer.text
    assert [sanction.kind for sanction in Sanction.objects.of(mallory)] == ["warning"]


def test_whoever_is_slower_by_a_moment_is_told_the_same(monkeypatch, mona, milo, mallory, full):
    decide = moderation.decide

    def just_before(**deed):
        monkeypatch.undo()
        decide(actor=mona, report_id=full.pk, decision="warn", reason="Be kind")
        return decide(**deed)

    monkeypatch.setattr(moderation, "decide", just_before)
    answer = post(milo, page_of(full), "decide", decision="ban", reason=WORDS)

    assert answer.status_code == 409
    for words in ("This report was decided meanwhile.", "Mona decided this", "Be kind", SHOWN):
        assert words in answer.text
    assert [sanction.kind for sanction in Sanction.objects.of(mallory)] == ["warning"]


def test_a_moderator_who_is_no_more_one_is_shown_out(mona, full):
    client = client_of(mona)
    mona.role = "member"
    mona.save()

    answer = client.post(page_of(full), {"do": "decide", "decision": "ban", "reason": WORDS})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")
    full.refresh_from_db()
    assert full.state == "open"


def test_what_nobody_offered_is_not_done(mona, full):
    for do in ("", "lift", "delete", "decide' --"):
        assert post(mona, page_of(full), do, decision="ban", reason=WORDS).status_code == 409
    full.refresh_from_db()
    assert full.state == "open"


def test_a_report_outlives_the_people_in_it(mona, bob, mallory, full):
    name = mallory.name
    for person in (bob, mallory):
        Report.objects.filter(reporter=person).update(reporter=None)
        Report.objects.filter(subject=person).update(subject=None)

    page = client_of(mona).get(page_of(full))

    assert page.status_code == 200
    assert name in page.text
    assert "somebody who is gone" in page.text
    assert page.text.count('name="decision"') == 1
    assert post(mona, page_of(full), "decide", decision="ban", reason=WORDS).status_code == 422
    assert post(mona, page_of(full), "decide", decision="dismiss", reason=WORDS).status_code == 303


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"messages": [{"sequence": 1}]},
        {"name": "", "messages": [{"sequence": 1, "author": "x", "created_at": "never", "body": None}]},
    ],
)
def test_a_page_shows_also_what_is_incomplete(mona, bob, mallory, evidence):
    report = Report.objects.create(reporter=bob, subject=mallory, context="", evidence=evidence)

    assert client_of(mona).get(page_of(report)).status_code == 200


@pytest.fixture
def held(monkeypatch, bob, mallory, their_room) -> Report:
    """mallory's message with a word that a filter holds."""
    monkeypatch.setattr(filters, "EVERY", -1.0)
    monkeypatch.setattr(filters.known, "due", 0.0)
    monkeypatch.setattr(filters.known, "filters", None)
    Filter.objects.create(kind="word", pattern="casino", action="hold")
    say(mallory, their_room, "Come to my casino")
    return Report.objects.get(kind="filter")


@pytest.mark.parametrize(
    ("decision", "outcome", "seen", "sanctions"),
    [("release", "released", True, []), ("reject", "removed", False, ["removal"])],
)
def test_what_a_filter_holds_is_released_or_rejected(
    mona, bob, mallory, their_room, held, decision, outcome, seen, sanctions
):
    page = client_of(mona).get(page_of(held)).text
    assert "<code>casino</code>" in page
    assert "Come to my casino" in page
    assert page.count('name="decision"') == 2
    assert 'name="remove"' not in page
    assert post(mona, page_of(held), "decide", decision=decision, reason=" ").status_code == 422
    assert post(mona, page_of(held), "decide", decision="ban", reason=WORDS).status_code == 422

    assert post(mona, page_of(held), "decide", decision=decision, reason=WORDS).status_code == 303

    held.refresh_from_db()
    assert (held.state, held.outcome) == ("closed", outcome)
    words = client_of(bob).get(f"/rooms/{their_room.id}/").text
    assert ("Come to my casino" in words) == seen
    assert [sanction.kind for sanction in Sanction.objects.of(mallory)] == sanctions
    assert AuditEntry.objects.count() == 1
    assert post(mona, page_of(held), "decide", decision=decision, reason=WORDS).status_code == 409


def test_what_somebody_said_who_is_gone_can_be_dismissed(mona, mallory, held):
    mallory.delete()
    assert post(mona, page_of(held), "decide", decision="release", reason=WORDS).status_code == 422
    assert post(mona, page_of(held), "decide", decision="dismiss", reason=WORDS).status_code == 303


def test_what_its_author_has_deleted_cannot_be_released(mona, mallory, their_room, held):
    message = their_room.messages.get(body__contains="casino")
    delete_message(actor=mallory, room_id=their_room.id, sequence=message.sequence)

    answer = post(mona, page_of(held), "decide", decision="release", reason=WORDS)
    assert answer.status_code == 409
    assert "The author has deleted this message" in answer.text
    assert SHOWN in answer.text
    assert post(mona, page_of(held), "decide", decision="reject", reason=WORDS).status_code == 303


@pytest.mark.parametrize("wrong", ["x", "00000000-0000-4000-8000-000000000000", "1/change/../x"])
def test_what_does_not_exist_is_not_found(mona, wrong):
    assert client_of(mona).get(f"/admin/chat/report/{wrong}/change/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_decides(mona, milo, mallory, full):
    def deciding(moderator, decision):
        return lambda: post(moderator, page_of(full), "decide", decision=decision, reason=WORDS).status_code

    statuses = at_once([deciding(mona, "warn"), deciding(milo, "ban")])

    assert sorted(statuses) == [303, 409]
    assert Sanction.objects.of(mallory).count() == 1
    assert AuditEntry.objects.filter(action="report.decide").count() == 1
