"""Invitation links: who may use them, how often, and what they bring."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.actions import take_invitation
from accounts.invitations import is_mail_proof, mail_proof
from accounts.models import Role, User
from accounts.tests.people import PASSWORD
from chat.actions.contacts import accept_contact
from chat.models import Block, Contact, Invitation

SIGN_UP = "/accounts/signup/"
BOB = {"email": "bob@example.com", "name": "Bob", "password1": PASSWORD}

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(alice: User) -> Invitation:
    contact = Contact.objects.create(owner=alice, email="bob@example.com", name="Bobby", greeting="Hello Bob")
    return Invitation.objects.create(inviter=alice, contact=contact)


@pytest.fixture
def server_link(alice: User) -> Invitation:
    return Invitation.objects.create(inviter=alice)


def path(invitation: Invitation, proof: str = "") -> str:
    return f"/join/{invitation.code}/" + (f"?proof={proof}" if proof else "")


def requests_to(user: User) -> list[Contact]:
    return list(Contact.objects.requests_to(user))


def expire(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_the_page_says_who_invites_and_leads_in(client: Client, invitation: Invitation) -> None:
    page = client.get(path(invitation))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    html = page.content.decode()
    for words in ("alice", "/accounts/signup/", "/accounts/login/"):
        assert words in html


def test_an_unknown_an_expired_and_a_taken_link_answer_the_same_404(
    client: Client, invitation: Invitation, server_link: Invitation, mallory: User
) -> None:
    take_invitation(user=mallory, code=invitation.code)
    expire(server_link)
    for url in ("/join/nothing/", path(invitation), path(server_link)):
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code == 404
            assert "does not work any more" in answer.content.decode()
    assert client.get(SIGN_UP).status_code == 403


def test_the_link_of_somebody_whose_account_is_closed_does_not_work(
    client: Client, invitation: Invitation, alice: User
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(path(invitation)).status_code == 404


def test_signing_up_with_a_link_brings_the_request(
    client: Client, invitation: Invitation, alice: User
) -> None:
    client.get(path(invitation))
    form = client.get(SIGN_UP).content.decode()
    assert 'value="bob@example.com"' in form
    assert 'value="Bobby"' in form
    # Even with another address than the one alice knows.
    assert client.post(SIGN_UP, {**BOB, "email": "robert@example.com"}).status_code == 302
    bob = User.objects.get(name="Bob")
    assert bob.role == Role.MEMBER
    assert requests_to(bob) == [invitation.contact]
    assert "invitation" not in client.session
    accept_contact(actor=bob, contact_id=requests_to(bob)[0].id)
    assert Contact.objects.get(owner=alice).person == bob


def test_a_link_for_one_person_admits_one(client: Client, invitation: Invitation) -> None:
    second = Client()
    for visitor in (client, second):
        assert visitor.get(path(invitation)).status_code == 200
    assert client.post(SIGN_UP, BOB).status_code == 302
    assert second.post(SIGN_UP, {**BOB, "email": "mallory@example.com"}).status_code == 403
    assert not User.objects.filter(email="mallory@example.com").exists()


def test_a_link_that_expires_while_the_form_is_filled_in_admits_nobody(
    client: Client, invitation: Invitation
) -> None:
    client.get(path(invitation))
    expire(invitation)
    assert client.post(SIGN_UP, BOB).status_code == 403


def test_a_mailed_link_proves_the_invited_address(
    client: Client, invitation: Invitation, settings: Settings, mailoutbox: list[Any]
) -> None:
    settings.CONFIRM_EMAIL = True
    opened = client.get(path(invitation, mail_proof(invitation.code)))
    assert opened["Location"] == path(invitation), "the proof leaves the address bar"
    assert "proof" not in client.get(path(invitation)).content.decode()
    client.post(SIGN_UP, {**BOB, "email": "Bob@Example.com"})
    assert User.objects.get(name="Bob").emailaddress_set.get().verified
    assert mailoutbox == []


@pytest.mark.parametrize("how", ["no proof", "forged", "of another link", "too old", "another address"])
def test_nothing_else_proves_it(
    how: str,
    client: Client,
    invitation: Invitation,
    server_link: Invitation,
    settings: Settings,
    mailoutbox: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.CONFIRM_EMAIL = True
    with monkeypatch.context() as then:
        if how == "too old":
            now = timezone.now().timestamp()
            then.setattr("django.core.signing.time.time", lambda: now - timedelta(days=15).total_seconds())
        proof = mail_proof(server_link.code if how == "of another link" else invitation.code)
    proof = {"no proof": "", "forged": proof[:-1] + "?"}.get(how, proof)
    client.get(path(invitation, proof), follow=True)
    email = "mallory@example.com" if how == "another address" else "bob@example.com"
    assert client.post(SIGN_UP, {**BOB, "email": email}).status_code == 302
    assert not User.objects.get(name="Bob").emailaddress_set.get().verified
    assert len(mailoutbox) == 1


def test_a_proof_belongs_to_one_link() -> None:
    assert is_mail_proof(mail_proof("one"), "one")
    assert not is_mail_proof(mail_proof("one"), "two")
    assert not is_mail_proof("", "")


def test_signing_in_with_a_link_brings_the_request(
    client: Client, invitation: Invitation, mallory: User
) -> None:
    client.get(path(invitation))
    credentials = {"login": mallory.email, "password": PASSWORD}
    client.post("/accounts/login/", credentials)
    assert requests_to(mallory) == [invitation.contact]
    assert client.get(path(invitation))["Location"] == "/"


def test_who_is_signed_in_takes_a_link_by_a_button_not_by_looking(
    client: Client, invitation: Invitation, mallory: User
) -> None:
    client.force_login(mallory)
    assert client.get(path(invitation)).status_code == 200
    assert requests_to(mallory) == []
    for _again in range(2):
        assert client.post(path(invitation))["Location"] == "/"
        assert requests_to(mallory) == [invitation.contact]


def test_nobody_takes_their_own_link(
    client: Client, invitation: Invitation, server_link: Invitation, alice: User
) -> None:
    client.force_login(alice)
    for link, leads in ((invitation, f"/contacts/{invitation.contact_id}/"), (server_link, "/invitations/")):
        assert client.get(path(link))["Location"] == leads
        assert client.post(path(link))["Location"] == leads
        assert not take_invitation(user=alice, code=link.code)


def test_the_servers_link_admits_many_and_each_finds_the_request_of_the_inviter(
    server_link: Invitation, alice: User
) -> None:
    for name in ("bob", "carol"):
        visitor = Client()
        visitor.get(path(server_link))
        form = {"email": f"{name}@example.com", "name": name, "password1": PASSWORD}
        assert visitor.post(SIGN_UP, form).status_code == 302
        [request] = requests_to(User.objects.get(name=name))
        assert (request.owner, request.name, request.email) == (alice, name, f"{name}@example.com")
        assert visitor.get(path(server_link))["Location"] == "/"
    assert Contact.objects.of(alice).waiting().count() == 2


def test_taking_the_servers_link_again_changes_nothing(
    server_link: Invitation, bob: User, alice: User
) -> None:
    for _again in range(3):
        assert take_invitation(user=bob, code=server_link.code)
    accept_contact(actor=bob, contact_id=requests_to(bob)[0].id)
    assert take_invitation(user=bob, code=server_link.code)
    assert [contact.person for contact in Contact.objects.of(alice)] == [bob]
    assert requests_to(bob) == []


def test_a_greeting_waits_for_the_confirmed_address_not_for_who_signs_up_with_it(
    client: Client, invitation: Invitation, server_link: Invitation, settings: Settings
) -> None:
    settings.CONFIRM_EMAIL = True
    client.get(path(server_link))
    assert client.post(SIGN_UP, {**BOB, "name": "Mallory"}).status_code == 302
    mallory = User.objects.get(name="Mallory")
    assert requests_to(mallory) == []
    mallory.emailaddress_set.update(verified=True)
    assert requests_to(mallory) == [invitation.contact]


def test_who_is_blocked_cannot_come_back_by_a_link(
    client: Client, invitation: Invitation, server_link: Invitation, alice: User, mallory: User
) -> None:
    Block.objects.create(blocker=alice, blocked=mallory)
    client.force_login(mallory)
    for link in (invitation, server_link):
        assert client.post(path(link)).status_code == 404
    assert requests_to(mallory) == []


def test_a_code_in_a_form_is_no_invitation(client: Client, invitation: Invitation) -> None:
    assert (
        client.post(SIGN_UP, {**BOB, "invitation": invitation.code, "code": invitation.code}).status_code
        == 403
    )
