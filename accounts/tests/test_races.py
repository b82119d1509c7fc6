"""Two at the same moment: the database decides, whichever it is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import actions
from accounts.models import Role, User
from accounts.tests.people import PASSWORD, make_user
from chat.models import Contact, Invitation

Together = Callable[[list[Callable[[], int]]], list[int]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Together:
    """Run sign-ups that all have passed every check of the form before any of them saves."""

    def run(calls: list[Callable[[], int]]) -> list[int]:
        barrier = Barrier(len(calls), timeout=20)

        def wait_and_hash(password: str) -> str:
            barrier.wait()
            return make_password(password)

        monkeypatch.setattr(actions, "make_password", wait_and_hash)

        def closing(call: Callable[[], int]) -> int:
            try:
                return call()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return sorted(pool.map(closing, calls))

    return run


def sign_up(name: str, email: str = "", visitor: Client | None = None) -> Callable[[], int]:
    form = {"name": name, "email": email or f"{name}@example.com", "password1": PASSWORD}
    return lambda: (visitor or Client()).post("/accounts/signup/", form).status_code


def test_of_two_first_visitors_one_owns_the_server_and_the_other_is_told_to_ask(
    together: Together,
) -> None:
    assert together([sign_up("alice"), sign_up("mallory"), sign_up("trent")]) == [302, 403, 403]
    assert [user.role for user in User.objects.all()] == [Role.OWNER]


def test_of_two_first_visitors_to_an_open_server_one_is_the_owner_and_one_a_member(
    together: Together, settings: Settings
) -> None:
    settings.SIGN_UP = "open"
    assert together([sign_up("alice"), sign_up("bob")]) == [302, 302]
    assert sorted(user.role for user in User.objects.all()) == [Role.MEMBER, Role.OWNER]


def test_an_address_signed_up_twice_at_once_makes_one_account(together: Together, settings: Settings) -> None:
    settings.SIGN_UP = "open"
    assert together([sign_up("bob", "bob@example.com"), sign_up("mallory", "bob@example.com")]) == [302, 422]
    assert User.objects.count() == 1


def test_a_link_for_one_person_admits_one_of_two(
    together: Together,
) -> None:
    alice = make_user("alice", role=Role.OWNER)
    contact = Contact.objects.create(owner=alice, email="bob@example.com", name="Bob")
    invitation = Invitation.objects.create(inviter=alice, contact=contact)
    visitors = [Client(), Client()]
    for visitor in visitors:
        assert visitor.get(f"/join/{invitation.code}/").status_code == 200
    assert together([sign_up("bob", visitor=visitors[0]), sign_up("mallory", visitor=visitors[1])]) == [
        302,
        403,
    ]
    invitation.refresh_from_db()
    assert set(User.objects.values_list("pk", flat=True)) == {alice.pk, invitation.joined_id}


def test_members_who_take_a_link_at_once_share_no_request() -> None:
    alice = make_user("alice", role=Role.OWNER)
    contact = Contact.objects.create(owner=alice, email="dave@example.com", name="Dave")
    invitation = Invitation.objects.create(inviter=alice, contact=contact)
    people = [make_user("bob"), make_user("mallory")]
    barrier = Barrier(2, timeout=20)

    def take(user: User) -> bool:
        try:
            barrier.wait()
            return actions.take_invitation(user=user, code=invitation.code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, people)) == [False, True]
