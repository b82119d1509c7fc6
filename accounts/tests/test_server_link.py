"""The server's link for anybody: who runs the server makes it and ends it."""

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.actions import renew_server_link
from accounts.models import Role, User
from accounts.tests.people import make_user
from chat.errors import Forbidden
from chat.models import Invitation

URL = "/invitations/"

pytestmark = pytest.mark.django_db


def shown_link(client: Client) -> str:
    found = re.search(r"https?://[\w.:-]+/join/[\w-]{22}/", client.get(URL).content.decode())
    return found.group() if found else ""


def test_the_owner_makes_a_link_and_a_new_one_ends_the_old(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert shown_link(client) == ""
    assert not Invitation.objects.exists(), "looking makes no link"
    links = []
    for _again in range(2):
        assert client.post(URL)["Location"] == URL
        links.append(shown_link(client))
    visitor = Client()
    assert [visitor.get(link).status_code for link in links] == [404, 200]


def test_the_link_names_the_public_address(client: Client, alice: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://chat.example.org"
    client.force_login(alice)
    client.post(URL)
    assert shown_link(client).startswith("https://chat.example.org/join/")


def test_administrators_have_links_of_their_own(client: Client, alice: User) -> None:
    carol = make_user("carol", role=Role.ADMIN)
    first = renew_server_link(actor=alice)
    client.force_login(carol)
    client.post(URL)
    assert first.code not in shown_link(client)
    assert Client().get(f"/join/{first.code}/").status_code == 200


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.MEMBER])
def test_others_find_nothing_here(client: Client, role: Role) -> None:
    mallory = make_user("mallory", role=role)
    client.force_login(mallory)
    assert client.get(URL).status_code == 404
    assert client.post(URL).status_code == 404
    with pytest.raises(Forbidden):
        renew_server_link(actor=mallory)
    assert not Invitation.objects.exists()


def test_visitors_are_asked_to_sign_in(client: Client, alice: User) -> None:
    assert client.get(URL)["Location"] == "/accounts/login/?next=/invitations/"
    assert client.post(URL).status_code == 302
    assert not Invitation.objects.exists()
