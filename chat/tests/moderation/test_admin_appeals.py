"""Sanctions and appeals in the admin site: lifting, answering, and never judging oneself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import moderation
from chat.actions.appeals import appeal
from chat.models import Appeal, AuditEntry, Sanction
from chat.tests.moderation.reporting import listed, page_of, post, reported
from chat.tests.situations import at_once, client_of

pytestmark = pytest.mark.django_db

SANCTIONS, APPEALS = "/admin/chat/sanction/", "/admin/chat/appeal/"
ANSWER = "I looked at it again.\nIt <was> too hard."
SHOWN = "I looked at it again.\nIt &lt;was&gt; too hard."


@pytest.fixture
def muted(mona, bob, mallory, their_room) -> Sanction:
    """mona muted mallory for three days."""
    return imposed(mona, bob, their_room, "mute")


@pytest.fixture
def objection(mallory, muted) -> Appeal:
    return appeal(person=mallory, sanction_id=muted.pk, words="It was a joke.\nAsk <anybody>!")


def imposed(moderator, reporter, room, decision, reason="Not like this") -> Sanction:
    report = reported(reporter, room, 2, "harassment", "He is rude")
    made = moderation.decide(actor=moderator, report_id=report.pk, decision=decision, reason=reason, days=3)
    return made.sanctions.get()


def of(row) -> str:
    return f"{APPEALS if isinstance(row, Appeal) else SANCTIONS}{row.pk}/change/"


def test_sanctions_are_listed_by_kind_and_by_what_holds(mona, milo, bob, mallory, their_room, muted):
    warning = imposed(mona, bob, their_room, "warn")
    ban = imposed(mona, bob, their_room, "ban")
    over = imposed(mona, bob, their_room, "suspend")
    Sanction.objects.filter(pk=over.pk).update(ends_at=timezone.now() - timedelta(hours=1))
    moderation.lift(actor=milo, sanction_id=ban.pk, reason="too hard")
    client = client_of(mona)
    newest_first = [str(row.pk) for row in (over, ban, warning, muted)]

    assert listed(client, "", SANCTIONS) == newest_first
    assert listed(client, "?state=in-force", SANCTIONS) == [str(muted.pk)]
    assert listed(client, "?state=over", SANCTIONS) == [str(over.pk), str(ban.pk)]
    assert listed(client, "?kind__exact=warning", SANCTIONS) == [str(warning.pk)]
    assert listed(client, "?q=mallory", SANCTIONS) == newest_first
    assert listed(client, "?q=bob", SANCTIONS) == []
    page = client.get(SANCTIONS).text
    for words in ("By Mona", "Lifted", "Over", "Until", "Done"):
        assert words in page


def test_a_sanctions_page_says_what_and_why(milo, muted):
    page = client_of(milo).get(of(muted)).text

    for words in ("Mute for Mallory", "Not like this", "Mona", "Not yet", "nasty"):
        assert words in page
    assert f'href="{page_of(muted.report)}"' in page


def test_lifting_needs_a_reason(milo, mallory, muted):
    refused = post(milo, of(muted), "lift", reason="  ")
    assert refused.status_code == 422
    assert "say why" in refused.text

    assert post(milo, of(muted), "lift", reason="He apologised").status_code == 303
    muted.refresh_from_db()
    assert (muted.lifted_by, muted.lift_reason) == (milo, "He apologised")
    assert AuditEntry.objects.filter(action="sanction.lift").count() == 1
    page = client_of(milo).get(of(muted)).text
    assert "He apologised" in page
    assert 'value="lift"' not in page
    assert post(milo, of(muted), "lift", reason="again").status_code == 409


def test_removing_cannot_be_undone(mona, bob, their_room):
    report = reported(bob, their_room, 2)
    moderation.decide(actor=mona, report_id=report.pk, decision="remove", reason="Not here", remove=[2])
    sanction = report.sanctions.get()
    page = client_of(mona).get(of(sanction)).text

    assert "do not come back" in page
    assert 'value="lift"' not in page
    assert post(mona, of(sanction), "lift", reason="sorry").status_code == 409


def test_appeals_wait_in_the_order_they_came(mona, milo, ada, bob, mallory, their_room, objection):
    later = appeal(
        person=mallory, sanction_id=imposed(mona, bob, their_room, "warn").pk, words="This one, too"
    )
    client = client_of(milo)

    assert listed(client, "", APPEALS) == [str(objection.pk), str(later.pk)]
    post(milo, of(objection), "decide", decision="grant", answer=ANSWER)
    assert listed(client, "", APPEALS) == [str(later.pk)]
    assert listed(client, "?state=granted", APPEALS) == [str(objection.pk)]
    assert listed(client, "?state=all", APPEALS) == [str(objection.pk), str(later.pk)]
    assert listed(client, "?q=mallory", APPEALS) == [str(later.pk)]


def test_an_appeals_page_has_both_sides(milo, objection):
    page = client_of(milo).get(of(objection)).text

    for words in ("It was a joke.\nAsk &lt;anybody&gt;!", "Not like this", "He is rude", "nasty", "Mona"):
        assert words in page


@pytest.mark.parametrize(("decision", "state"), [("grant", "granted"), ("uphold", "upheld")])
def test_deciding_an_appeal(milo, mallory, objection, decision, state):
    assert post(milo, of(objection), "decide", decision=decision, answer=ANSWER).status_code == 303

    objection.refresh_from_db()
    mallory.refresh_from_db()
    assert (objection.state, objection.decided_by) == (state, milo)
    assert (mallory.muted_until is None) == (decision == "grant")
    assert AuditEntry.objects.filter(action="appeal.decide").count() == 1
    page = client_of(milo).get(of(objection)).text
    assert SHOWN in page.replace("\r", "")
    assert 'name="answer"' not in page


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"decision": "grant", "answer": " "}, "say why"),
        ({"answer": ANSWER}, "choose what to do"),
        ({"decision": "both", "answer": ANSWER}, "Select a valid choice"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(milo, objection, typed, complaint):
    answer = post(milo, of(objection), "decide", **typed)

    assert answer.status_code == 422
    assert complaint in answer.text
    if typed["answer"] == ANSWER:
        assert SHOWN in answer.text
    objection.refresh_from_db()
    assert objection.state == "open"


def test_whoever_imposed_it_does_not_judge_it(mona, milo, objection):
    page = client_of(mona).get(of(objection)).text
    assert "Another moderator decides" in page
    assert 'name="answer"' not in page

    assert post(mona, of(objection), "decide", decision="uphold", answer=ANSWER).status_code == 409
    objection.refresh_from_db()
    assert objection.state == "open"
    assert "Appeals</a>" in page.replace("\n", "")
    assert 'name="answer"' in client_of(milo).get(of(objection)).text


def test_whoever_was_slower_is_told_and_keeps_the_words(milo, ada, objection):
    post(milo, of(objection), "decide", decision="grant", answer="Sorry")

    answer = post(ada, of(objection), "decide", decision="uphold", answer=ANSWER)

    assert answer.status_code == 409
    assert SHOWN in answer.text
    assert "Milo" in answer.text
    objection.refresh_from_db()
    assert objection.state == "granted"


def test_nobody_sees_an_appeal_of_their_own_or_of_staff(mona, milo, ada, alice):
    sanction = moderation.sanction(actor=alice, person=milo, kind="warning", reason="be fair")
    made = appeal(person=milo, sanction_id=sanction.pk, words="I am")

    for actor in (milo, mona):
        for path in (of(sanction), of(made)):
            assert client_of(actor).get(path).status_code == 404
            assert client_of(actor).post(path, {"do": "lift", "reason": "me"}).status_code == 404
        assert listed(client_of(actor), "", SANCTIONS) == listed(client_of(actor), "", APPEALS) == []
    assert client_of(ada).get(of(made)).status_code == 200


def test_lists_take_as_many_questions_for_many_as_for_few(
    mona, milo, bob, mallory, their_room, objection, django_assert_max_num_queries
):
    client = client_of(milo)
    for path in (SANCTIONS, APPEALS):
        with django_assert_max_num_queries(12) as few:
            client.get(path)
        for _number in range(5):
            sanction = imposed(mona, bob, their_room, "warn")
            appeal(person=mallory, sanction_id=sanction.pk, words="No")
        with django_assert_max_num_queries(len(few)):
            assert len(listed(client, "", path)) > 5


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_answers(milo, ada, objection):
    def answering(actor, decision):
        return lambda: post(actor, of(objection), "decide", decision=decision, answer=ANSWER).status_code

    assert sorted(at_once([answering(milo, "grant"), answering(ada, "uphold")])) == [303, 409]
    assert AuditEntry.objects.filter(action="appeal.decide").count() == 1
