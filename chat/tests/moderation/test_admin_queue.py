"""The queue of reports: what comes first, who sees what, and what nobody finds out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from accounts.tests.people import make_user
from chat.actions import moderation
from chat.actions.appeals import appeal
from chat.models import Report
from chat.tests.moderation.reporting import QUEUE, bare, listed, page_of, reported
from chat.tests.situations import client_of

pytestmark = pytest.mark.django_db


def aged(report: Report, hours: float) -> str:
    Report.objects.filter(pk=report.pk).update(created_at=timezone.now() - timedelta(hours=hours))
    return str(report.pk)


def decided(mona: User, report: Report, decision: str = "dismiss") -> str:
    moderation.decide(actor=mona, report_id=report.pk, decision=decision, reason="so it is", days=1)
    return str(report.pk)


def test_the_most_urgent_come_first_and_of_these_the_oldest(mona, bob, mallory):
    calm_old = aged(bare(mallory, bob, urgency=0), 90)
    urgent_new = aged(bare(mallory, bob, urgency=3), 1)
    urgent_old = aged(bare(mallory, bob, urgency=3), 2)
    middle = aged(bare(mallory, bob, urgency=1), 3)
    decided(mona, bare(mallory, bob, urgency=3))

    assert listed(client_of(mona)) == [urgent_old, urgent_new, middle, calm_old]


def test_what_is_decided_is_found_and_comes_last(mona, bob, mallory):
    done = decided(mona, bare(mallory, bob, urgency=3))
    waiting = str(bare(mallory, bob, urgency=0).pk)

    assert listed(client_of(mona), "?state=all") == [waiting, done]
    assert listed(client_of(mona), "?state=closed") == [done]


def test_filters(mona, milo, bob, mallory):
    spam = str(bare(mallory, bob, reason="spam", kind="message").pk)
    threat = bare(bob, mallory, reason="threat", urgency=3)
    moderation.take_report(actor=mona, report_id=threat.pk)
    moderation.sanction(actor=owner(), person=mallory, kind="warning", reason="stop it")
    threat_id = str(threat.pk)
    hers, his = client_of(mona), client_of(milo)

    assert listed(hers, "?state=open") == [spam]
    assert listed(hers, "?state=taken") == [threat_id]
    assert listed(hers, "?reason__exact=threat") == [threat_id]
    assert listed(hers, "?kind__exact=message") == [spam]
    assert listed(hers, "?urgency=3") == [threat_id]
    assert listed(hers, "?with=me") == listed(his, "?with=others") == [threat_id]
    assert listed(hers, "?with=others") == listed(his, "?with=me") == []
    assert listed(hers, "?earlier=yes") == [spam]
    assert listed(hers, "?earlier=no") == [threat_id]
    assert "Nothing fits" in hers.get(f"{QUEUE}?with=others").text
    for nonsense in ("?state=x", "?urgency=x", "?with=x", "?earlier=x"):
        assert listed(hers, nonsense) == [threat_id, spam]


def owner() -> User:
    return User.objects.filter(role=Role.OWNER).first() or make_user("Olga", role=Role.OWNER)


def test_reports_are_found_by_the_names_in_them(mona, bob, mallory):
    report = str(bare(mallory, bob).pk)
    other = str(bare(make_user("Zoe"), make_user("Yan")).pk)

    assert listed(client_of(mona), "?q=mallo") == listed(client_of(mona), "?q=bob") == [report]
    assert listed(client_of(mona), "?q=zoe") == [other]


@pytest.mark.parametrize(
    "probe",
    [
        "q=mallory%40example",
        "subject__email__startswith=m",
        "reporter__email=bob%40example.com",
        "subject__password__startswith=md5",
        "room__name=x",
    ],
)
def test_addresses_cannot_be_guessed_from_lists(mona, bob, mallory, probe):
    bare(mallory, bob)
    page = client_of(mona).get(f"{QUEUE}?{probe}")

    assert page.status_code == 400 or "Nothing found" in page.text


def test_a_list_takes_as_many_questions_for_many_as_for_few(
    mona, bob, mallory, django_assert_max_num_queries
):
    bare(mallory, bob)
    client = client_of(mona)
    with django_assert_max_num_queries(12) as few:
        client.get(QUEUE)
    for number in range(20):
        bare(make_user(f"Subject {number}"), make_user(f"Reporter {number}"), taken_by=mona, state="taken")
    with django_assert_max_num_queries(len(few)):
        assert len(listed(client)) == 21


def test_an_empty_queue_says_well_done(mona):
    assert "Nothing waits. Well done." in client_of(mona).get(QUEUE).text


def test_each_row_says_what_it_is_and_who_has_it(mona, milo, bob, mallory):
    report = bare(mallory, bob, reason="threat", urgency=3)
    moderation.take_report(actor=milo, report_id=report.pk)
    moderation.sanction(actor=owner(), person=mallory, kind="warning", reason="stop it")
    page = client_of(mona).get(QUEUE).text

    for words in ("Now", "Threat or violence", "Mallory", "With Milo", "1 earlier"):
        assert f">{words}<" in page


def test_nobody_sees_what_is_about_themselves(mona, ada, alice, bob):
    for person in (mona, ada, alice):
        report = bare(person, bob)
        client = client_of(person)

        assert str(report.pk) not in listed(client, "?state=all")
        assert client.get(page_of(report)).status_code == 404
        assert client.post(page_of(report), {"do": "take"}).status_code == 404
        judge = alice if person == ada else ada
        assert str(report.pk) in listed(client_of(judge))


def test_what_is_about_staff_is_for_who_runs_the_server(mona, milo, ada, alice, bob):
    report = bare(milo, bob)

    assert listed(client_of(mona)) == []
    assert client_of(mona).get(page_of(report)).status_code == 404
    for actor in (ada, alice):
        assert listed(client_of(actor)) == [str(report.pk)]


def test_what_one_reported_is_seen_but_decided_by_others(mona, milo, bob, mallory):
    report = bare(mallory, mona)
    page = client_of(mona).get(page_of(report)).text

    assert "You made this report" in page
    assert 'value="decide"' not in page
    answer = client_of(mona).post(page_of(report), {"do": "decide", "decision": "ban", "reason": "mine"})
    assert answer.status_code == 409
    report.refresh_from_db()
    assert report.state == "open"


def test_the_number_waiting_is_shown_and_counts_what_one_can_decide(mona, milo, bob, mallory):
    bare(mallory, bob)
    bare(mallory, mona)
    decided(mona, bare(mallory, bob))

    for actor, number in ((mona, 1), (milo, 2)):
        client = client_of(actor)
        assert f">{number}<" in client.get("/admin/").text.replace("</strong>", "<")
        assert f"{number} waiting" in client.get("/profile/").text
    page = client_of(bob).get("/profile/").text
    assert "/admin/" not in page
    assert "waiting" not in page


def test_whoever_moderates_alone_decides_also_what_they_had_a_part_in(alice, mallory):
    report = bare(mallory, alice)
    client = client_of(alice)
    assert "1 waiting" in client.get("/profile/").text
    answer = client.post(page_of(report), {"do": "decide", "decision": "warn", "reason": "Not so"})
    assert answer.status_code == 303
    made = appeal(person=mallory, sanction_id=report.sanctions.get().pk, words="But")
    assert "1 waiting" in client.get("/profile/").text

    make_user("Milo", role=Role.MODERATOR)

    assert "waiting" not in client.get("/profile/").text
    page = client.get(f"/admin/chat/appeal/{made.pk}/change/").text
    assert "Another moderator decides" in page


PARTS = ("chat/report", "chat/sanction", "chat/appeal")
FOR_ADMINS = ("accounts/user", "chat/auditentry")
NEVER = ("chat/room", "chat/message", "chat/membership", "chat/contact", "sessions/session", "auth/group")


@pytest.mark.parametrize("role", ["visitor", "member", "moderator", "admin", "owner"])
def test_who_may_open_which_part(role, bob, mallory, their_room):
    report = reported(bob, their_room, 2)
    person = None if role == "visitor" else make_user("Somebody", role=role)
    client = client_of(person) if person else Client()
    staff, runs_server = role in ("moderator", "admin", "owner"), role in ("admin", "owner")

    for path in ("", *(f"{part}/" for part in PARTS), f"chat/report/{report.pk}/change/"):
        assert client.get(f"/admin/{path}").status_code == (200 if staff else 302), path
    for part in FOR_ADMINS:
        assert client.get(f"/admin/{part}/").status_code == (200 if runs_server else 403 if staff else 302)
    for part in NEVER:
        assert client.get(f"/admin/{part}/").status_code == (404 if staff else 302), part
    for path in (f"accounts/user/{bob.pk}/change/", "chat/auditentry/export/"):
        assert client.get(f"/admin/{path}").status_code == (200 if runs_server else 403 if staff else 302)


def test_no_page_of_a_moderator_has_an_address(mona, bob, mallory, their_room):
    report = reported(bob, their_room, 2, "harassment")
    decided(mona, report, "mute")
    sanction = report.sanctions.get()
    made = appeal(person=mallory, sanction_id=sanction.pk, words="Not fair")
    second = reported(bob, their_room, 4)
    client = client_of(mona)

    for path in (
        "",
        *(f"{part}/" for part in PARTS),
        *(f"{part}/?state=all" for part in PARTS),
        f"chat/report/{report.pk}/change/",
        f"chat/report/{second.pk}/change/",
        f"chat/sanction/{sanction.pk}/change/",
        f"chat/appeal/{made.pk}/change/",
    ):
        page = client.get(f"/admin/{path}", follow=True)
        assert page.status_code == 200
        assert "@example" not in page.text, path
        # What nobody reported is nobody's business: no way into a room.
        assert "/rooms/" not in page.text, path


def test_nothing_is_done_to_many_rows_at_once(alice, bob, mallory):
    report = bare(mallory, bob)
    client = client_of(alice)

    client.post(QUEUE, {"action": "delete_selected", "_selected_action": [str(report.pk)], "post": "yes"})

    assert Report.objects.filter(pk=report.pk).exists()
    for path in (f"{QUEUE}add/", f"{QUEUE}{report.pk}/delete/"):
        assert client.get(path).status_code == client.post(path, {"post": "yes"}).status_code == 403


def test_looking_changes_nothing(alice, bob, mallory, their_room):
    report = reported(bob, their_room, 2)
    before = Report.objects.filter(pk=report.pk).values().get()
    client = client_of(alice)

    for path in (QUEUE, page_of(report), f"{QUEUE}?state=all&q=mallory"):
        assert client.get(path).status_code == client.head(path).status_code == 200

    assert Report.objects.filter(pk=report.pk).values().get() == before
