"""What people say about themselves."""

import pytest
from django.test import Client

from accounts.models import Role, User

URL = "/profile/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def test_the_page_shows_who_one_is_and_leads_on(bobs: Client) -> None:
    html = bobs.get(URL).content.decode()
    for words in ("bob@example.com", "/accounts/2fa/", "/accounts/logout/", "/contacts/blocked/"):
        assert words in html
    assert "/invitations/" not in html


def test_a_new_name_shows_at_once(bobs: Client, bob: User) -> None:
    answer = bobs.post(URL, {"name": "  Robert   O'Neil ", "intro": "I like\r\ntea."})
    assert (answer.status_code, answer["Location"]) == (302, URL)
    bob.refresh_from_db()
    assert (bob.name, bob.intro) == ("Robert O'Neil", "I like\ntea.")
    assert "Robert O&#x27;Neil" in bobs.get(URL).content.decode()


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({}, "name", "name not provided"),
        ({"name": ""}, "name", "name is empty"),
        ({"name": "B"}, "name", "name must have 2 to 50 characters"),
        (
            {"name": "Bob", "intro": "x" * 201},
            "intro",
            "Ensure this value has at most 200 characters (it has 201).",
        ),
    ],
)
def test_a_mistake_answers_422_and_changes_nothing(
    bobs: Client, bob: User, typed: dict[str, str], field: str, message: str
) -> None:
    answer = bobs.post(URL, typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors[field] == [message]
    assert answer.context["user"].name == "bob", "the rest of the page keeps the name"
    assert typed.get(field, "") in answer.content.decode()
    bob.refresh_from_db()
    assert (bob.name, bob.intro) == ("bob", "")


def test_two_hundred_characters_with_line_breaks_are_enough_for_an_intro(bobs: Client, bob: User) -> None:
    assert bobs.post(URL, {"name": "Bob", "intro": "x\r\n" * 100}).status_code == 302


def test_role_address_and_id_cannot_be_sent_along(bobs: Client, bob: User, alice: User) -> None:
    forged = {"role": "owner", "email": "x@example.com", "id": str(alice.pk), "is_superuser": "on"}
    assert bobs.post(URL, {"name": "Bob", **forged}).status_code == 302
    bob.refresh_from_db()
    alice.refresh_from_db()
    assert (bob.name, bob.role, bob.email, bob.is_superuser) == ("Bob", Role.MEMBER, "bob@example.com", False)
    assert alice.name == "alice"


def test_visitors_are_asked_to_sign_in(client: Client, bob: User) -> None:
    assert client.get(URL)["Location"] == "/accounts/login/?next=/profile/"
    assert client.post(URL, {"name": "Mallory"}).status_code == 302
