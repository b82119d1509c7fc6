"""Who is kept out, whichever way they come, and the page where people read what was decided and object."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import standing
from accounts.adapter import AccountAdapter
from accounts.device_links import link_url, make_link
from accounts.devices import this_device
from accounts.models import User
from accounts.tests import keys
from accounts.tests.people import PASSWORD
from chat.actions import appeals, moderation
from chat.models import Appeal, AuditEntry, Sanction
from chat.tests.situations import client_of, say
from chatscape.rates import Limit, Rate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def impose(actor: User, person: User, kind: str, days: int | None = None) -> Sanction:
    return moderation.sanction(actor=actor, person=person, kind=kind, reason="Too many insults", days=days)


def sign_in(person: User) -> tuple[Client, object]:
    client = Client()
    return client, client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})


def pass_time(person: User) -> None:
    """Let what lasts for a time be over."""
    ended = timezone.now() - timedelta(seconds=1)
    Sanction.objects.of(person).exclude(ends_at=None).update(ends_at=ended)
    User.objects.filter(pk=person.pk).exclude(muted_until=None).update(muted_until=ended)


@pytest.mark.parametrize(("kind", "days"), [("ban", None), ("suspension", 3)])
def test_whoever_is_kept_out_reads_why(ada, bob, kind, days):
    impose(ada, bob, kind, days)

    client, answer = sign_in(bob)

    assert answer.url == "/standing/"
    assert "_auth_user_id" not in client.session
    page = client.get("/standing/").text
    assert "Too many insults" in page
    assert client.get("/profile/").status_code == client.get("/rooms/").status_code == 302
    # Only who proved to be bob reads it.
    assert Client().get("/standing/").url == "/accounts/login/?next=/standing/"
    assert sign_in_wrongly(bob).status_code == 422


def sign_in_wrongly(person: User) -> object:
    return Client().post("/accounts/login/", {"login": person.email, "password": "not this one"})


def test_a_suspension_that_has_ended_keeps_nobody_out(ada, bob):
    impose(ada, bob, "suspension", 3)
    pass_time(bob)

    client, answer = sign_in(bob)

    assert answer.url == "/"
    bob.refresh_from_db()
    assert bob.is_active
    assert client.get("/profile/").status_code == 200
    assert AuditEntry.objects.filter(action="person.reopen", actor=None, subject=bob.pseudonym).count() == 1


def test_a_ban_holds_when_a_suspension_has_ended(ada, bob):
    impose(ada, bob, "suspension", 3)
    impose(ada, bob, "ban")
    pass_time(bob)

    assert sign_in(bob)[1].url == "/standing/"


def test_an_account_that_was_closed_by_hand_says_so(bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)

    client, answer = sign_in(bob)

    assert answer.url == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session
    assert client.get("/standing/").status_code == 302


def test_an_old_suspension_opens_no_account_that_was_closed_since(ada, bob):
    impose(ada, bob, "suspension", 3)
    pass_time(bob)
    sign_in(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert sign_in(bob)[1].url == "/accounts/inactive/"


def test_every_way_in_goes_through_the_gate(ada, bob, rf):
    """Passwords, passkeys, codes, providers and links of devices end in the adapter's `login`."""
    from allauth.core.exceptions import ImmediateHttpResponse

    impose(ada, bob, "ban")
    bob.refresh_from_db()
    client = Client()
    client.get("/accounts/login/")
    request = rf.post("/")
    request.session = client.session
    request.user = bob

    with pytest.raises(ImmediateHttpResponse) as kept_out:
        AccountAdapter(request).login(request, bob)

    assert kept_out.value.response.url == "/standing/"
    assert "_auth_user_id" not in request.session


def test_half_a_proof_shows_nothing(ada, bob):
    """With the password alone, of an account that asks for a code too, nobody hears of a ban."""
    secret = keys.set_up_app(keys.recent(bob))
    impose(ada, bob, "ban")

    client = keys.visitor()
    assert client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD}).url == keys.STEP
    assert client.get("/standing/").status_code == 302

    assert client.post(keys.STEP, {"code": keys.code_of(secret)}).url == "/standing/"
    assert not keys.is_in(client)
    assert "Too many insults" in client.get("/standing/").text


def test_a_passkey_leads_to_the_reason(ada, bob):
    passkey = keys.add_passkey(keys.recent(bob))
    impose(ada, bob, "ban")

    client = keys.visitor()
    answer = client.post(keys.LOGIN, {"credential": passkey.answer(keys.asked_at_the_door(client))})

    assert answer.url == "/standing/"
    assert not keys.is_in(client)
    assert "Too many insults" in client.get("/standing/").text


def test_a_link_for_another_device_ends_with_the_account(ada, bob):
    device = this_device(client_of(bob).get("/profile/").wsgi_request, bob)
    link = make_link(device)
    path = link_url(RequestFactory().get("/"), link)
    assert Client().get(path).status_code == 200
    impose(ada, bob, "ban")

    client = Client()
    assert client.post(path).status_code == 404
    assert not keys.is_in(client)


def test_another_password_leads_to_the_reason_and_not_in(ada, bob):
    impose(ada, bob, "ban")
    client, new = Client(), "another long password"
    client.post("/accounts/password/reset/", {"email": bob.email})
    [path] = re.findall(r"/accounts/password/reset/key/\S+", mail.outbox[-1].body)
    form = client.get(path, follow=True).redirect_chain[-1][0]

    client.post(form, {"password1": new, "password2": new})

    assert "_auth_user_id" not in client.session
    assert client.get("/profile/").status_code == 302
    answer = client.post("/accounts/login/", {"login": bob.email, "password": new})
    assert answer.url == "/standing/"
    assert "Too many insults" in client.get("/standing/").text


def test_a_ticket_is_short(ada, bob, monkeypatch):
    impose(ada, bob, "ban")
    client, _answer = sign_in(bob)
    monkeypatch.setattr(standing, "TICKET_AGE", timedelta(seconds=-1))

    assert client.get("/standing/").url == "/accounts/login/?next=/standing/"


def test_who_is_kept_out_takes_their_data_along(ada, bob, room):
    say(bob, room, "My words")
    impose(ada, bob, "ban")
    client, _answer = sign_in(bob)

    answer = client.post("/standing/export/")

    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert "My words" in archive.read("message.json").decode()
        assert "Too many insults" in archive.read("sanction.json").decode()
    assert Client().post("/standing/export/").url.startswith("/accounts/login/")
    # Others type their password again for it.
    assert client_of(ada).post("/standing/export/").url == "/profile/data/"


def test_leaving_forgets_the_ticket(ada, bob):
    impose(ada, bob, "ban")
    client, _answer = sign_in(bob)

    assert client.post("/standing/leave/").url == "/accounts/login/"

    assert client.get("/standing/").status_code == 302


def test_a_ticket_is_of_no_use_once_the_account_is_open(ada, bob):
    ban = impose(ada, bob, "ban")
    client, _answer = sign_in(bob)
    moderation.lift(actor=ada, sanction_id=ban.id, reason="Mercy")

    assert client.get("/standing/").status_code == 302
    assert sign_in(bob)[1].url == "/"


def test_signing_in_to_a_closed_account_ends_the_session_that_was_there(ada, bob, alice):
    impose(ada, bob, "ban")
    bob.refresh_from_db()
    client = client_of(alice)
    key = client.session.session_key
    request = client.get("/profile/").wsgi_request

    assert standing.kept_out(request, bob).url == "/standing/"

    assert not Session.objects.filter(pk=key).exists()


def test_who_is_kept_out_asks_for_another_look_once(ada, mona, bob):
    ban = impose(ada, bob, "ban")
    client, _answer = sign_in(bob)
    where = f"/standing/{ban.id}/appeal/"

    blank = client.post(where, {"words": "  "})
    assert (blank.status_code, "say why" in blank.text) == (422, True)
    assert client.post(where, {"words": "It was my brother"}).url == "/standing/"
    again = client.post(where, {"words": "Please, my words stay"})
    assert (again.status_code, Appeal.objects.get().words) == (409, "It was my brother")

    page = client.get("/standing/").text
    assert "It was my brother" in page
    assert "Another moderator will look at it" in page
    appeals.decide_appeal(actor=mona, appeal_id=Appeal.objects.get().id, grant=False, answer="No, it was you")
    assert "No, it was you" in client.get("/standing/").text


@pytest.mark.parametrize("words", ["", "x" * 2001])
def test_words_that_are_refused_stay(ada, bob, words):
    warning = impose(ada, bob, "warning")

    page = client_of(bob).post(f"/standing/{warning.id}/appeal/", {"words": words})

    assert page.status_code == 422
    assert words in page.text
    assert not Appeal.objects.exists()


def test_whoever_appeals_without_end_is_asked_to_wait(ada, bob, settings):
    settings.LIMITS = {"appeal": Limit(person=Rate.parse("1/1d"))}
    first, second = impose(ada, bob, "warning"), impose(ada, bob, "warning")
    client = client_of(bob)
    client.post(f"/standing/{first.id}/appeal/", {"words": "Not me"})

    page = client.post(f"/standing/{second.id}/appeal/", {"words": "These stay"})

    assert (page.status_code, "These stay" in page.text) == (429, True)
    assert int(page.headers["Retry-After"]) > 0


def test_nobody_appeals_for_another(ada, bob, alice):
    warning = impose(ada, bob, "warning")

    assert client_of(alice).post(f"/standing/{warning.id}/appeal/", {"words": "No"}).status_code == 404
    assert not Appeal.objects.exists()


def test_nobody_reads_what_was_decided_about_another(ada, bob, alice):
    impose(ada, bob, "warning")

    assert "Too many insults" not in client_of(alice).get("/standing/").text


@pytest.mark.parametrize(
    ("kind", "days", "headline"),
    [("warning", None, "You were warned"), ("mute", 3, "You were muted")],
)
def test_pages_say_that_there_is_something_to_read_until_it_was(ada, bob, room, kind, days, headline):
    client = client_of(bob)
    pages = ["/", f"/rooms/{room.id}/", "/profile/"]
    tags = {path: client.get(path).headers.get("ETag") for path in pages}
    assert all("have written to you" not in client.get(path).text for path in pages)

    made = impose(ada, bob, kind, days)

    for path in pages:
        # What the browser kept from before is not taken for this page.
        page = client.get(path, headers={"If-None-Match": tags[path]} if tags[path] else {})
        assert (page.status_code, "have written to you" in page.text) == (200, True), path
    page = client.get("/standing/").text
    assert headline in page
    assert "Too many insults" in page
    made.refresh_from_db()
    assert made.seen_at is None, "looking changes nothing"
    client.post("/standing/read/")
    assert type(made).objects.get(pk=made.pk).seen_at
    assert all("have written to you" not in client.get(path).text for path in pages)


def test_an_answer_is_something_to_read(ada, mona, bob):
    warning = impose(ada, bob, "warning")
    client = client_of(bob)
    made = appeals.appeal(person=bob, sanction_id=warning.id, words="Why?")
    client.post("/standing/read/")

    appeals.decide_appeal(actor=mona, appeal_id=made.id, grant=True, answer="You are right")

    assert "have written to you" in client.get("/").text
    assert "You are right" in client.get("/standing/").text


def test_where_the_words_go_is_closed_while_muted(ada, bob, room):
    client = client_of(bob)
    tag = client.get(f"/rooms/{room.id}/").headers["ETag"]
    impose(ada, bob, "mute", 3)

    page = client.get(f"/rooms/{room.id}/", headers={"If-None-Match": tag}).text
    assert "A moderator muted you until" in page
    assert "<textarea" not in page

    pass_time(bob)
    assert "<textarea" in client.get(f"/rooms/{room.id}/").text


def test_the_page_is_kept_by_no_cache(ada, bob):
    impose(ada, bob, "ban")
    client, _answer = sign_in(bob)

    assert "no-store" in client.get("/standing/").headers["Cache-Control"]
