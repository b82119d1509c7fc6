"""Changing one's address: nothing changes until a mail to the new one has been answered."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.tests.keys import recent, set_up_app, sign_in, visitor
from accounts.tests.people import make_user
from chat.models import Contact

pytestmark = pytest.mark.django_db

URL, RESET = "/accounts/email/", "/accounts/password/reset/"
NEW = {"email": "Robert@example.com", "action_add": ""}


@pytest.fixture(autouse=True)
def _mail(settings: Settings) -> None:
    settings.CONFIRM_EMAIL = settings.ACCOUNT_EMAIL_NOTIFICATIONS = True


@pytest.fixture
def bobs(bob: User) -> Client:
    return recent(bob)


def link_in(mail: Any) -> str:
    [link] = [word for word in mail.body.split() if "/accounts/confirm-email/" in word]
    return str(link).removeprefix("http://localhost")


def addresses(user: User) -> list[tuple[str, bool, bool]]:
    return sorted(user.emailaddress_set.values_list("email", "primary", "verified"))


def test_the_new_address_replaces_the_old_when_its_mail_is_answered(
    bobs: Client, bob: User, mailoutbox: list[Any]
) -> None:
    assert bobs.post(URL, NEW)["Location"] == URL
    assert [mail.to for mail in mailoutbox] == [["robert@example.com"]]
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert "Waiting for confirmation" in bobs.get(URL).content.decode()
    path = link_in(mailoutbox[0])
    # A program that looks at links, as those of mail servers do, changes nothing.
    assert visitor().get(path).status_code == 200
    assert addresses(bob) == [("bob@example.com", True, True), ("robert@example.com", False, False)]
    assert bobs.post(path).status_code == 302
    bob.refresh_from_db()
    assert bob.email == "robert@example.com"
    assert addresses(bob) == [("robert@example.com", True, True)]
    assert bobs.get("/profile/").status_code == 200, "still signed in"


def test_the_old_address_hears_of_it(bobs: Client, mailoutbox: list[Any]) -> None:
    bobs.post(URL, NEW)
    bobs.post(link_in(mailoutbox[0]))
    notice = mailoutbox[-1]
    assert notice.to == ["bob@example.com"]
    assert "changed from bob@example.com to robert@example.com" in notice.body


def test_the_new_address_signs_in_and_the_old_one_does_not(
    bobs: Client, bob: User, mailoutbox: list[Any]
) -> None:
    bobs.post(URL, NEW)
    bobs.post(link_in(mailoutbox[0]))
    assert "_auth_user_id" not in sign_in(bob).session
    bob.refresh_from_db()
    assert "_auth_user_id" in sign_in(bob).session


def test_a_link_works_once_and_only_the_last_one(bobs: Client, bob: User, mailoutbox: list[Any]) -> None:
    bobs.post(URL, NEW)
    bobs.post(URL, {**NEW, "email": "bobby@example.com"})
    first, second = (link_in(mail) for mail in mailoutbox)
    assert visitor().post(first).status_code == 404
    assert visitor().post(second).status_code == 302
    assert visitor().post(second).status_code == 404
    assert addresses(bob) == [("bobby@example.com", True, True)]


def test_a_change_can_be_taken_back(bobs: Client, bob: User, mailoutbox: list[Any]) -> None:
    bobs.post(URL, NEW)
    bobs.post(URL, {"email": "robert@example.com", "action_remove": ""})
    assert visitor().post(link_in(mailoutbox[0])).status_code == 404
    assert addresses(bob) == [("bob@example.com", True, True)]


def test_the_mail_can_be_asked_for_again_but_not_at_once(bobs: Client, mailoutbox: list[Any]) -> None:
    bobs.post(URL, NEW)
    bobs.post(URL, {"email": "robert@example.com", "action_send": ""})
    assert len(mailoutbox) == 1
    assert "Wait a few minutes" in bobs.get(URL).content.decode()


@pytest.mark.parametrize("verified", [True, False])
def test_nobody_learns_which_addresses_have_an_account(
    bobs: Client, bob: User, mailoutbox: list[Any], verified: bool
) -> None:
    carol = make_user("carol", verified=verified)
    pages = []
    for email in ("nobody@example.com", carol.email):
        assert bobs.post(URL, {"email": email, "action_add": ""})["Location"] == URL
        html = bobs.get(URL).content.decode().split("<main")[1]
        pages.append(html.replace(email, "X").split("csrfmiddlewaretoken")[0])
    assert pages[0] == pages[1]
    assert mailoutbox[1].to == [carol.email]
    assert "/confirm-email/" not in mailoutbox[1].body, "the link could be opened by mistake"
    assert addresses(carol) == [(carol.email, True, verified)]


def test_an_address_that_was_taken_meanwhile_stays_where_it_is(
    bobs: Client, bob: User, mailoutbox: list[Any]
) -> None:
    bobs.post(URL, {"email": "carol@example.com", "action_add": ""})
    carol = make_user("carol")
    answer = bobs.post(link_in(mailoutbox[0]), follow=True)
    assert "Another account has confirmed" in answer.content.decode()
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert addresses(carol) == [("carol@example.com", True, True)]
    assert addresses(bob) == [("bob@example.com", True, True), ("carol@example.com", False, False)]


def test_an_address_somebody_else_signed_up_with_is_not_lost(
    bobs: Client, bob: User, mailoutbox: list[Any]
) -> None:
    bobs.post(URL, {"email": "carol@example.com", "action_add": ""})
    make_user("carol", verified=False)
    bobs.post(link_in(mailoutbox[0]))
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert ("bob@example.com", True, True) in addresses(bob), "all of it or nothing"


def test_a_wrong_address_of_the_beginning_can_be_put_right(mailoutbox: list[Any]) -> None:
    carol = make_user("carol", email="karol@example.com", verified=False)
    hers = recent(carol)
    hers.post(URL, {"email": "carol@example.com", "action_add": ""})
    carol.refresh_from_db()
    assert carol.email == "karol@example.com", "she can still sign in"
    hers.post(link_in(mailoutbox[0]))
    carol.refresh_from_db()
    assert carol.email == "carol@example.com"
    assert addresses(carol) == [("carol@example.com", True, True)]
    assert len(mailoutbox) == 1, "the stranger with the wrong address hears nothing"


@pytest.mark.parametrize("email", ["", "bob", "x" * 250 + "@example.com", "BOB@example.com"])
def test_a_mistake_answers_422(bobs: Client, bob: User, email: str) -> None:
    assert bobs.post(URL, {"email": email, "action_add": ""}).status_code == 422
    assert addresses(bob) == [("bob@example.com", True, True)]


def test_an_address_that_waits_gives_no_stranger_a_way_in(bobs: Client, mailoutbox: list[Any]) -> None:
    bobs.post(URL, NEW)
    answer = visitor().post(RESET, {"email": "robert@example.com"})
    assert answer["Location"] == f"{RESET}done/"
    assert not [mail for mail in mailoutbox if "/password/reset/key/" in mail.body]
    visitor().post(RESET, {"email": "bob@example.com"})
    assert [mail.to for mail in mailoutbox if "/password/reset/key/" in mail.body] == [["bob@example.com"]]


def test_requests_for_the_new_address_reach_whoever_proved_it(
    bobs: Client, bob: User, alice: User, mailoutbox: list[Any]
) -> None:
    Contact.objects.create(owner=alice, email="robert@example.com", name="Robert")
    bobs.post(URL, NEW)
    assert not Contact.objects.requests_to(bob).exists()
    bobs.post(link_in(mailoutbox[0]))
    assert Contact.objects.requests_to(bob).exists()


def test_whoever_has_a_second_factor_can_move_too(bobs: Client, bob: User, mailoutbox: list[Any]) -> None:
    set_up_app(bobs)
    assert bobs.post(URL, NEW)["Location"] == URL
    [mail] = [mail for mail in mailoutbox if mail.to == ["robert@example.com"]]
    bobs.post(link_in(mail))
    bob.refresh_from_db()
    assert bob.email == "robert@example.com"


def test_asking_without_end_is_told_to_wait(bobs: Client) -> None:
    answers = [bobs.post(URL, {"email": f"{n}@example.com", "action_add": ""}) for n in range(12)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0
