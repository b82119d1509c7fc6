"""Whose account somebody gets who comes from a provider: their own, a new one, or none."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.db import IntegrityError

from accounts.models import Role, User
from accounts.oidc import people
from accounts.oidc.models import BelievedAddress
from accounts.tests.oidc.visits import config_of
from accounts.tests.people import PASSWORD, make_user
from chat.actions.contacts import add_contact
from chat.filters import look_soon
from chat.models import Filter

ALICE = "alice@example.com"


def believe(user: User) -> None:
    BelievedAddress.objects.create(address=user.emailaddress_set.get())


@pytest.fixture
def alice(db):
    """Has an account here, with an address that she has proved."""
    return make_user("alice")


def is_refused(visitor, answer, kind="taken"):
    return (answer.status_code in (403, 409), visitor.path, visitor.person) == (
        True,
        f"/accounts/oidc/sso/failed/{kind}/",
        "",
    )


def test_both_sides_verified_is_the_same_person(standard, configure, visitor, alice, settings, mailoutbox):
    settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    configure(config_of(standard))

    visitor.sign_in("alice")

    assert visitor.person == str(alice.pk)
    assert SocialAccount.objects.get().user == alice
    assert [mail.subject for mail in mailoutbox] == ["A way to sign in was added"]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD), "and the way before works as before"


def test_the_case_of_letters_does_not_matter(standard, configure, visitor, alice):
    configure(config_of(standard))
    standard.people(alice={"email": "ALICE@Example.COM"})

    visitor.sign_in("alice")

    assert visitor.person == str(alice.pk)


@pytest.mark.parametrize("said", [False, "false", None])
def test_what_the_provider_has_not_verified_leads_into_no_account(standard, configure, visitor, alice, said):
    configure(config_of(standard))
    standard.people(mallory={"email": ALICE, "email_verified": said})

    answer = visitor.sign_in("mallory")

    assert is_refused(visitor, answer)
    assert "connect Example in your profile" in answer.text
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("confirm", [True, False])
def test_what_is_not_verified_here_leads_into_no_account(standard, configure, visitor, settings, confirm):
    """Mallory has typed Alice's address and waits for her to come."""
    settings.CONFIRM_EMAIL = confirm
    configure(config_of(standard))
    make_user("mallory", email=ALICE, verified=False)

    assert is_refused(visitor, visitor.sign_in("alice"))


def test_what_was_only_believed_here_leads_into_no_account(standard, configure, visitor, settings):
    """Without a mail server anybody could have typed it at sign-up."""
    settings.CONFIRM_EMAIL = False
    configure(config_of(standard), local=True)
    form = {"email": ALICE, "name": "Mallory", "password1": PASSWORD}
    assert type(visitor)().client.post("/accounts/signup/", form).status_code == 302

    assert is_refused(visitor, visitor.sign_in("alice"))
    settings.CONFIRM_EMAIL = True
    assert is_refused(visitor, visitor.sign_in("alice")), "nor when there is a mail server later"


def test_what_was_confirmed_by_mail_counts(standard, configure, visitor, settings, mailoutbox):
    settings.CONFIRM_EMAIL = True
    configure(config_of(standard), local=True)
    local = type(visitor)().client
    local.post("/accounts/signup/", {"email": ALICE, "name": "Alice", "password1": PASSWORD})
    [link] = [word for word in mailoutbox[0].body.split() if "/accounts/confirm-email/" in word]
    local.post(link.removeprefix("http://testserver"))
    assert EmailAddress.objects.get().verified

    visitor.sign_in("alice")

    assert visitor.person == str(User.objects.get().pk)


def test_whom_the_operator_has_made_is_believed(standard, configure, visitor, settings):
    """That is how an owner is made where there are no local accounts."""
    settings.CONFIRM_EMAIL = False
    configure(config_of(standard))
    owner = User.objects.create_superuser(ALICE, None)

    visitor.sign_in("alice")

    assert visitor.person == str(owner.pk)
    assert User.objects.get().role == Role.OWNER


def test_the_operator_can_vouch_for_an_address(standard, configure, visitor, alice, capsys):
    configure(config_of(standard))
    believe(alice)
    assert is_refused(visitor, visitor.sign_in("alice"))

    call_command("confirm_address", "Alice@example.com")

    visitor.sign_in("alice")
    assert visitor.person == str(alice.pk)


def test_a_new_provider_with_the_same_address_is_the_same_person(standard, cognito, configure, visitor):
    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    visitor.sign_in("alice", "standard")

    other = type(visitor)()
    other.sign_in("alice", "cognito")

    assert other.person == visitor.person
    assert SocialAccount.objects.count() == 2


def test_a_provider_cannot_take_what_another_one_has_not_verified(standard, cognito, configure, visitor):
    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    standard.people(alice={"email_verified": False})
    visitor.sign_in("alice", "standard")
    assert not EmailAddress.objects.get().verified

    other = type(visitor)()
    other.sign_in("alice", "cognito")

    assert other.path == "/accounts/oidc/cognito/failed/taken/"
    assert other.person == ""


def test_an_address_becomes_verified_when_its_provider_says_so(standard, configure, visitor):
    configure(config_of(standard))
    standard.people(alice={"email_verified": False})
    visitor.sign_in("alice")
    standard.people()

    type(visitor)().sign_in("alice")

    assert EmailAddress.objects.get().verified


def test_another_address_that_somebody_has_added_keeps_nobody_out(standard, configure, visitor):
    mallory = make_user("mallory")
    mallory.emailaddress_set.create(email=ALICE, verified=False)
    configure(config_of(standard))

    visitor.sign_in("alice")

    assert visitor.person == str(User.objects.get(email=ALICE).pk)
    assert visitor.person != str(mallory.pk)


def test_an_address_that_is_not_verified_is_confirmed_by_mail(
    standard, configure, visitor, settings, mailoutbox
):
    settings.CONFIRM_EMAIL = True
    configure(config_of(standard))
    standard.people(alice={"email_verified": "false"})

    visitor.sign_in("alice")

    assert visitor.person, "meanwhile they are in: the provider knows who it is"
    assert not EmailAddress.objects.get().verified
    [mail] = mailoutbox
    assert mail.to == [ALICE]
    [link] = [word for word in mail.body.split() if "/accounts/confirm-email/" in word]
    visitor.client.post(link.removeprefix("http://testserver"))
    assert EmailAddress.objects.get().verified


def test_the_first_one_owns_the_server(standard, configure, visitor):
    configure(config_of(standard))
    visitor.sign_in("alice")
    other = type(visitor)()
    other.sign_in("bob")

    roles = {person.email.partition("@")[0]: person.role for person in User.objects.all()}
    assert roles == {"alice": Role.OWNER, "bob": Role.MEMBER}
    assert not User.objects.get(pk=other.person).has_usable_password()


def test_where_invitations_are_asked_for_a_provider_lets_nobody_in(standard, configure, visitor, alice):
    configure(config_of(standard, open=False))

    assert is_refused(visitor, visitor.sign_in("bob"), "closed")
    assert User.objects.count() == 1


def test_an_invitation_lets_somebody_in(standard, configure, visitor, alice):
    configure(config_of(standard, open=False))
    waiting = add_contact(owner=alice, name="Bob", email="bob@example.com")
    visitor.client.get(f"/join/{waiting.invitation.code}/")

    visitor.sign_in("bob")

    bob = User.objects.get(email="bob@example.com")
    assert visitor.person == str(bob.pk)
    waiting.invitation.refresh_from_db()
    assert waiting.invitation.joined == bob


def test_an_open_server_lets_anybody_in(standard, configure, visitor, alice, settings):
    settings.SIGN_UP = "open"
    configure(config_of(standard, open=False))

    visitor.sign_in("bob")

    assert visitor.person


def test_two_tabs_make_one_account(standard, configure, visitor, monkeypatch):
    configure(config_of(standard))
    account, other = people._account, type(visitor)()

    def late(*given):
        monkeypatch.setattr(people, "_account", account)
        other.sign_in("alice")
        raise IntegrityError("the other tab was a moment earlier")

    monkeypatch.setattr(people, "_account", late)
    visitor.sign_in("alice")

    assert visitor.person == other.person != ""
    assert User.objects.count() == SocialAccount.objects.count() == 1


def test_a_name_that_is_not_welcome_here_is_not_taken_from_the_provider(
    standard, configure, visitor, alice, request
):
    configure(config_of(standard))
    standard.people(zoe={"email": "zoe@example.com", "name": "Rude Zoe"})
    Filter.objects.create(pattern="rude", action="block")
    look_soon()
    request.addfinalizer(look_soon)

    visitor.sign_in("zoe")

    assert User.objects.get(email="zoe@example.com").name == "New here"
