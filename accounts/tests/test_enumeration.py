"""Nobody learns which addresses have an account: answers, mails and work are the same for both."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts import forms
from accounts.invitations import mail_proof
from accounts.models import User
from accounts.tests.people import PASSWORD, make_user
from chat.models import Contact, Invitation
from chat.tests.situations import HTMX, JSON, client_of

LOGIN, SIGN_UP, RESET, EMAIL = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/email/",
)
SENT = "/accounts/confirm-email/"
NOBODY = "nobody@example.com"

pytestmark = pytest.mark.django_db


class Answer(NamedTuple):
    """What somebody outside gets to see, without what differs each time."""

    status: int
    location: str
    text: str
    cookies: frozenset[str]
    session: frozenset[str]
    hashes: int
    mails: tuple[str, ...]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords that were hashed: what takes time of all this."""
    found: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        found.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return found


@pytest.fixture
def ask(hashes: list[str], mailoutbox: list[Any]) -> Callable[..., Answer]:
    """Send a form with an address, follow where it leads, and return what came of it."""

    def ask(path: str, about: str, client: Client | None = None, **typed: str) -> Answer:
        visitor = client or Client()
        hashes.clear()
        mailoutbox.clear()
        first = visitor.post(path, typed)
        hashed, mails = len(hashes), tuple(mail.to[0].replace(about, "X") for mail in mailoutbox)
        text = first.text
        if first.status_code == 302:
            text += visitor.get(first["Location"]).text
        text = re.sub(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', "", text).replace(about, "X")
        return Answer(
            first.status_code,
            first.get("Location", ""),
            text,
            frozenset(visitor.cookies),
            frozenset(visitor.session.keys()),
            hashed,
            mails,
        )

    return ask


@pytest.fixture
def people(bob: User) -> dict[str, str]:
    """Addresses: of nobody, and of people in every state."""
    make_user("closed", is_active=False)
    make_user("unconfirmed", verified=False)
    make_user("without", password="!")
    return {name: f"{name}@example.com" for name in ("nobody", "bob", "closed", "unconfirmed", "without")}


def same(answers: list[Answer]) -> bool:
    return all(answer == answers[0] for answer in answers)


# Signing in


@pytest.mark.parametrize("confirm", [True, False])
def test_signing_in_with_a_wrong_password(
    confirm: bool, ask: Callable[..., Answer], people: dict[str, str], settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = confirm
    answers = [ask(LOGIN, email, login=email, password="a wrong password") for email in people.values()]
    assert same(answers)
    assert (answers[0].status, answers[0].hashes, answers[0].mails) == (422, 1, ())


def test_signing_in_asks_the_database_about_as_much(people: dict[str, str]) -> None:
    counts = []
    for email in people.values():
        with CaptureQueriesContext(connection) as queries:
            Client().post(LOGIN, {"login": email, "password": "a wrong password"})
        counts.append(len(queries))
    assert max(counts) - min(counts) <= 1, counts


def test_guessing_is_stopped_the_same(ask: Callable[..., Answer], people: dict[str, str]) -> None:
    last = [
        [ask(LOGIN, email, login=email, password=f"guess {n}") for n in range(6)][-1]
        for email in (people["nobody"], people["bob"])
    ]
    assert same(last)
    assert last[0].status == 429


def test_the_right_password_tells_no_more_than_it_must(people: dict[str, str], settings: Settings) -> None:
    settings.CONFIRM_EMAIL = True
    client = Client()
    answer = client.post(LOGIN, {"login": people["unconfirmed"], "password": PASSWORD})
    assert answer["Location"] == SENT
    assert "_auth_user_id" not in client.session
    settings.CONFIRM_EMAIL = False
    assert client.post(LOGIN, {"login": people["unconfirmed"], "password": PASSWORD})["Location"] == "/"


# Another password


@pytest.mark.parametrize("works", [True, False], ids=["mail works", "mail does not work"])
def test_asking_for_another_password(
    works: bool, ask: Callable[..., Answer], people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not works:

        def refuse(*args: object, **kwargs: object) -> None:
            raise TimeoutError

        monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    answers = [ask(RESET, email, email=email) for email in people.values()]
    assert same(answers)
    # Somebody without an account gets a mail, too: it takes as long.
    expected = (302, f"{RESET}done/", 0, ("X",) if works else ())
    assert (answers[0].status, answers[0].location, answers[0].hashes, answers[0].mails) == expected


# Signing up where mail confirms addresses


@pytest.fixture
def open_server(settings: Settings, alice: User) -> None:
    settings.SIGN_UP = "open"
    settings.CONFIRM_EMAIL = True


def sign_up(ask: Callable[..., Answer], email: str, client: Client | None = None, **typed: str) -> Answer:
    return ask(SIGN_UP, email, client, **{"email": email, "name": "Somebody", "password1": PASSWORD, **typed})


@pytest.mark.usefixtures("open_server")
def test_signing_up(ask: Callable[..., Answer], people: dict[str, str], mailoutbox: list[Any]) -> None:
    answers = [sign_up(ask, email) for email in people.values()]
    assert same(answers)
    assert answers[0].location == SENT
    assert (answers[0].hashes, answers[0].mails) == (1, ("X",))
    assert "_auth_user_id" not in answers[0].session
    assert "Look into your mail" in answers[0].text
    assert User.objects.filter(email__in=people.values()).count() == len(people)


@pytest.mark.usefixtures("open_server")
def test_signing_up_again_and_again(ask: Callable[..., Answer], people: dict[str, str]) -> None:
    # No more mails than one in some minutes: the same for both.
    twice = [[sign_up(ask, people[name]) for _ in range(2)] for name in ("nobody", "bob")]
    assert twice[0] == twice[1]


@pytest.mark.usefixtures("open_server")
def test_the_owner_of_the_address_is_told(client: Client, bob: User, mailoutbox: list[Any]) -> None:
    client.post(SIGN_UP, {"email": "BOB@example.com", "name": "Mallory", "password1": "a horse of another"})
    [mail] = mailoutbox
    assert mail.to == ["bob@example.com"]
    assert mail.subject == "You already have an account"
    assert RESET in mail.body
    assert "confirm-email" not in mail.body
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    assert bob.name == "bob"


@pytest.mark.usefixtures("open_server")
def test_signing_up_at_the_same_moment(
    ask: Callable[..., Answer], people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The form finds nobody, as the other one has not been saved yet: the database finds out.
    monkeypatch.setattr(forms, "has_account", lambda email: False)
    assert same([sign_up(ask, people[name]) for name in ("nobody", "bob")])


@pytest.mark.usefixtures("open_server")
def test_a_mistake_is_told_before_any_of_this(ask: Callable[..., Answer], people: dict[str, str]) -> None:
    mistakes = [sign_up(ask, people[name], password1="short") for name in ("nobody", "bob")]
    assert same(mistakes)
    assert mistakes[0].status == 422
    assert 'value="X"' in mistakes[0].text
    assert 'value="Somebody"' in mistakes[0].text
    assert "short" not in re.sub(r"too short", "", mistakes[0].text)


def personal_link(alice: User, email: str = "zoe@example.com") -> Invitation:
    contact = Contact.objects.create(owner=alice, email=email, name="Zoe")
    return Invitation.objects.create(inviter=alice, contact=contact)


@pytest.mark.parametrize("known", [True, False])
def test_an_invitation_tells_no_more_afterwards(
    known: bool, ask: Callable[..., Answer], alice: User, bob: User, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    client, path = Client(), f"/join/{personal_link(alice).code}/"
    assert client.get(path).status_code == 200
    assert sign_up(ask, bob.email if known else NOBODY, client).location == SENT
    # Whoever tries the link again sees whether it was used up.
    assert client.get(path).status_code == Client().get(path).status_code == 404
    assert client.get(SIGN_UP).status_code == 403


def test_the_invitation_reaches_whoever_forgot_their_account(
    ask: Callable[..., Answer], alice: User, bob: User, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    client, invitation = Client(), personal_link(alice)
    client.get(f"/join/{invitation.code}/")
    sign_up(ask, bob.email, client)
    assert [contact.owner for contact in Contact.objects.requests_to(bob)] == [alice]


def test_a_mailed_invitation_proves_the_address(client: Client, alice: User, settings: Settings) -> None:
    settings.CONFIRM_EMAIL = True
    code = personal_link(alice).code
    client.get(f"/join/{code}/?proof={mail_proof(code)}")
    typed = {"email": "zoe@example.com", "name": "Zoe", "password1": PASSWORD}
    assert client.post(SIGN_UP, typed)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(User.objects.get(name="Zoe").pk)


def test_a_mailed_invitation_proves_no_other_address(client: Client, alice: User, settings: Settings) -> None:
    settings.CONFIRM_EMAIL = True
    code = personal_link(alice).code
    client.get(f"/join/{code}/?proof={mail_proof(code)}")
    typed = {"email": "other@example.com", "name": "Zoe", "password1": PASSWORD}
    assert client.post(SIGN_UP, typed)["Location"] == SENT
    assert "_auth_user_id" not in client.session


def confirmation(mailoutbox: list[Any]) -> str:
    [link] = [word for word in mailoutbox[-1].body.split() if SENT in word]
    return str(re.sub(r"^https?://[^/]+", "", link))


@pytest.mark.usefixtures("open_server")
def test_who_confirms_in_the_same_browser_is_signed_in(client: Client, mailoutbox: list[Any]) -> None:
    client.post(SIGN_UP, {"email": NOBODY, "name": "Somebody", "password1": PASSWORD})
    path = confirmation(mailoutbox)
    assert "_auth_user_id" not in client.session
    client.get(path)
    assert "_auth_user_id" not in client.session, "opening the link does nothing yet"
    assert client.post(path)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(User.objects.get(email=NOBODY).pk)


@pytest.mark.usefixtures("open_server")
def test_who_confirms_elsewhere_signs_in(client: Client, mailoutbox: list[Any]) -> None:
    client.post(SIGN_UP, {"email": NOBODY, "name": "Somebody", "password1": PASSWORD})
    elsewhere = Client()
    assert elsewhere.post(confirmation(mailoutbox))["Location"] == LOGIN
    assert "_auth_user_id" not in elsewhere.session
    assert elsewhere.post(LOGIN, {"login": NOBODY, "password": PASSWORD})["Location"] == "/"


@pytest.mark.usefixtures("open_server")
def test_an_address_that_somebody_only_claims_keeps_nobody_out(client: Client, mallory: User) -> None:
    mallory.emailaddress_set.create(email=NOBODY, verified=False)
    client.post(SIGN_UP, {"email": NOBODY, "name": "Somebody", "password1": PASSWORD})
    assert User.objects.filter(email=NOBODY).exists()


# Signing up where nobody can confirm an address


def test_without_mail_the_answer_does_not_say_it(
    ask: Callable[..., Answer], alice: User, bob: User, settings: Settings
) -> None:
    settings.SIGN_UP, settings.CONFIRM_EMAIL = "open", False
    answer = sign_up(ask, bob.email)
    assert (answer.status, answer.hashes, answer.mails) == (422, 1, ())
    assert "No account was made. If you have one already, sign in, or try another email." in answer.text
    assert 'value="X"' in answer.text
    assert 'value="Somebody"' in answer.text
    assert PASSWORD not in answer.text
    assert "_auth_user_id" not in answer.session
    # Known, it is answered at any other address with a session: trying many is what the limit is for.
    assert sign_up(ask, NOBODY).location == "/"


def test_without_mail_trying_many_addresses_is_told_to_wait(
    client: Client, alice: User, bob: User, settings: Settings
) -> None:
    settings.SIGN_UP, settings.CONFIRM_EMAIL = "open", False
    typed = {"email": bob.email, "name": "Somebody", "password1": PASSWORD}
    answers = [client.post(SIGN_UP, typed) for _ in range(25)]
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


# Adding people, and changing one's address


@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["page", "htmx", "json"])
def test_adding_a_contact(
    headers: dict[str, str],
    alice: User,
    people: dict[str, str],
    mailoutbox: list[Any],
    hashes: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    client, seen = client_of(alice), []
    hashes.clear()
    for email in people.values():
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post("/contacts/new/", {"name": "Somebody", "email": email}, **headers)
        contact = Contact.objects.get(owner=alice, email=email)
        secrets = {str(contact.id): "ID", email: "X"}
        shown = answer.text + str(sorted(answer.items()))
        for secret, name in secrets.items():
            shown = shown.replace(secret, name)
        shown = re.sub(r"\('X-Request-ID', '[^']*'\)|\d{4}-\d\d-\d\dT[\d:.+Z]*|nonce-[^']*", "", shown)
        [mail] = mailoutbox
        body = re.sub(r"/join/\S+", "", mail.body).replace(email, "X")
        seen.append((answer.status_code, shown, mail.subject, body))
        mailoutbox.clear()
        contact.delete()
    assert all(each == seen[0] for each in seen)
    assert hashes == []


def test_changing_to_an_address_that_has_an_account(
    ask: Callable[..., Answer], people: dict[str, str], settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    answers = []
    for name in ("nobody", "bob", "closed"):
        client = Client()
        person = make_user(f"person {name}")
        client.force_login(person)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        answer = ask(EMAIL, people[name], client, email=people[name], action_add="")
        answers.append(answer._replace(text=answer.text.replace(name.replace(" ", "."), "N")))
    texts = [
        re.sub(r"person[. ](nobody|bob|closed|N)|hue-\d+|data-me=\S+", "P", each.text) for each in answers
    ]
    assert len({(each.status, each.location, each.hashes, each.mails) for each in answers}) == 1
    assert answers[0].mails == ("X",)
    assert len(set(texts)) == 1
