"""People in the admin site: roles are given with care, and the owner stays."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from accounts.actions import renew_server_link
from accounts.models import Role, User
from accounts.tests.people import make_user
from chat.models import Invitation

LIST = "/admin/accounts/user/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(db: None) -> User:
    return make_user("carol", role=Role.ADMIN)


def url(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def change(client: Client, user: User, **fields: Any) -> int:
    form = {"name": user.name, "intro": "", "role": user.role, "is_active": "on", **fields}
    status = client.post(
        url(user), {key: value for key, value in form.items() if value is not None}
    ).status_code
    user.refresh_from_db()
    return status


def test_administrators_find_people_by_name_address_and_role(
    client: Client, alice: User, carol: User, bob: User
) -> None:
    client.force_login(carol)
    for query in ("?q=bob", "?q=bob@example", "?role__exact=member"):
        html = client.get(LIST + query).content.decode()
        assert "bob@example.com" in html
        assert "alice@example.com" not in html


def test_no_password_is_shown_and_the_address_is_not_changed(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    html = client.get(url(bob)).content.decode()
    assert bob.password not in html
    assert "password" not in html.split("<form", 2)[-1]
    assert change(client, bob, email="x@example.com", password="x", is_superuser="on") == 302
    assert (bob.email, bob.is_superuser, bob.check_password("x")) == ("bob@example.com", False, False)


def test_roles_are_changed_by_who_runs_the_server(
    client: Client, alice: User, carol: User, bob: User
) -> None:
    client.force_login(carol)
    assert change(client, bob, role=Role.MODERATOR) == 302
    assert bob.role == Role.MODERATOR


def test_nobody_makes_a_second_owner(client: Client, alice: User, carol: User, bob: User) -> None:
    for person in (alice, carol):
        client.force_login(person)
        assert change(client, bob, role=Role.OWNER) == 200
        assert bob.role == Role.MEMBER


def test_the_owner_is_neither_demoted_nor_shut_out(client: Client, alice: User, carol: User) -> None:
    for person in (alice, carol):
        client.force_login(person)
        assert change(client, alice, role=Role.MEMBER, is_active=None) == 302
        assert (alice.role, alice.is_active) == (Role.OWNER, True)


def test_administrators_do_not_change_their_own_role(client: Client, alice: User, carol: User) -> None:
    client.force_login(carol)
    change(client, carol, role=Role.MEMBER, is_active=None)
    assert (carol.role, carol.is_active) == (Role.ADMIN, True)


def test_who_runs_the_server_no_more_loses_their_links(client: Client, alice: User, carol: User) -> None:
    links = [renew_server_link(actor=person).pk for person in (alice, carol)]
    client.force_login(alice)
    change(client, carol, role=Role.MEMBER)
    assert list(Invitation.objects.usable().values_list("pk", flat=True)) == links[:1]


def test_people_are_neither_added_nor_deleted_here(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    assert client.get(LIST + "add/").status_code == 403
    assert client.post(f"{LIST}{bob.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=bob.pk).exists()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR])
def test_others_see_nobody(client: Client, alice: User, bob: User, role: Role) -> None:
    mallory = make_user("mallory", role=role)
    client.force_login(mallory)
    assert client.get(LIST).status_code in (302, 403)
    assert change(client, bob, role=Role.ADMIN) in (302, 403)
    assert bob.role == Role.MEMBER


def test_addresses_cannot_be_confirmed_by_hand() -> None:
    assert not [model for model in admin.site._registry if model.__name__ in ("EmailAddress", "Group")]
