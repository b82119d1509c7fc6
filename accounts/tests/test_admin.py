"""People in the admin site: roles are given with care, and the owner stays."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.actions import renew_server_link
from accounts.models import Role, User
from accounts.tests.people import make_user
from chat.models import AuditEntry, Invitation, Sanction
from chatscape.admin.base import HouseAdmin

LIST = "/admin/accounts/user/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol(db: None) -> User:
    return make_user("carol", role=Role.ADMIN)


def url(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def send(client: Client, user: User, do: str, **typed: Any) -> Any:
    response = client.post(url(user), {"do": do, **typed})
    user.refresh_from_db()
    return response


def give(client: Client, user: User, role: str) -> int:
    status: int = send(client, user, "role", role=role).status_code
    return status


def test_administrators_find_people_by_name_address_and_role(
    client: Client, alice: User, carol: User, bob: User
) -> None:
    client.force_login(carol)
    for query in ("?q=bob", "?q=bob@example", "?role__exact=member"):
        html = client.get(LIST + query).content.decode()
        assert "bob@example.com" in html
        assert "alice@example.com" not in html


def test_people_whose_account_is_closed_are_found(
    client: Client, alice: User, carol: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    client.force_login(alice)
    for account, found in (("closed", {"bob"}), ("open", {"alice", "carol"})):
        listed = client.get(LIST, {"account": account}).context["cl"].result_list
        assert {person.name for person in listed} == found


def test_no_password_is_shown_and_the_address_is_not_changed(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    html = client.get(url(bob)).content.decode()
    assert bob.password not in html
    assert "password" not in html
    stowaways = {"email": "x@example.com", "password": "x", "is_superuser": "on", "role": "admin"}
    assert send(client, bob, "profile", name="Robert", intro="Hi", **stowaways).status_code == 303
    assert (bob.name, bob.intro, bob.role) == ("Robert", "Hi", Role.MEMBER)
    assert (bob.email, bob.is_superuser, bob.check_password("x")) == ("bob@example.com", False, False)


def test_a_profile_keeps_its_rules_here(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    response = send(client, bob, "profile", name="<b>", intro="words to keep")
    assert response.status_code == 422
    assert "words to keep" in response.text
    assert bob.name == "bob"


def test_roles_are_changed_by_who_runs_the_server(
    client: Client, alice: User, carol: User, bob: User
) -> None:
    client.force_login(carol)
    assert give(client, bob, Role.MODERATOR) == 303
    assert bob.role == Role.MODERATOR


def test_nobody_makes_a_second_owner(client: Client, alice: User, carol: User, bob: User) -> None:
    for person in (alice, carol):
        client.force_login(person)
        assert give(client, bob, Role.OWNER) == 422
        assert bob.role == Role.MEMBER


FORMS = [
    ("role", {"role": Role.MEMBER}),
    ("active", {"reason": "because"}),
    ("profile", {"name": "Nobody", "intro": ""}),
    ("sanction", {"decision": "ban", "reason": "because"}),
]


@pytest.mark.parametrize(("do", "typed"), FORMS)
def test_the_owner_is_neither_demoted_nor_shut_out(
    client: Client, alice: User, carol: User, do: str, typed: dict[str, str]
) -> None:
    for person in (alice, carol):
        client.force_login(person)
        assert send(client, alice, do, **typed).status_code == 409
        assert (alice.role, alice.is_active, alice.name) == (Role.OWNER, True, "alice")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("do", "typed"), FORMS)
def test_administrators_do_not_change_themselves(
    client: Client, alice: User, carol: User, do: str, typed: dict[str, str]
) -> None:
    client.force_login(carol)
    assert "This is you" in client.get(url(carol)).text
    assert send(client, carol, do, **typed).status_code == 409
    assert (carol.role, carol.is_active, carol.name) == (Role.ADMIN, True, "carol")


def test_who_runs_the_server_no_more_loses_their_links(client: Client, alice: User, carol: User) -> None:
    links = [renew_server_link(actor=person).pk for person in (alice, carol)]
    client.force_login(alice)
    give(client, carol, Role.MEMBER)
    assert list(Invitation.objects.usable().values_list("pk", flat=True)) == links[:1]


def test_an_account_is_closed_and_opened_with_a_reason(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    refused = send(client, bob, "active", reason=" ")
    assert refused.status_code == 422
    assert "say why" in refused.text

    assert send(client, bob, "active", reason="Spam, again and again").status_code == 303
    assert not User.objects.get(pk=bob.pk).is_active
    assert "Spam, again and again" in client.get(url(bob)).text

    assert send(client, bob, "active", reason="He promised").status_code == 303
    assert User.objects.get(pk=bob.pk).is_active
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["person.close", "person.open"]


def test_somebody_is_muted_without_a_report(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    typed = {"decision": "mute", "reason": "Too loud"}
    assert send(client, bob, "sanction", **typed, days="").status_code == 422
    assert send(client, bob, "sanction", **typed, days="3").status_code == 303
    sanction = Sanction.objects.get(person=bob)
    assert (sanction.kind, sanction.report, sanction.moderator) == ("mute", None, alice)
    assert bob.muted_until


def test_people_are_neither_added_nor_deleted_here(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    assert client.get(LIST + "add/").status_code == 403
    assert client.post(f"{LIST}{bob.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [str(bob.pk)], "post": "yes"})
    assert User.objects.filter(pk=bob.pk).exists()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR])
def test_others_see_nobody(client: Client, alice: User, bob: User, role: Role) -> None:
    mallory = make_user("mallory", role=role)
    client.force_login(mallory)
    assert client.get(LIST).status_code in (302, 403)
    for do, typed in FORMS:
        assert send(client, bob, do, **typed).status_code in (302, 403)
    assert (bob.role, bob.is_active, bob.name) == (Role.MEMBER, True, "bob")


def test_other_apps_bring_no_pages_of_their_own() -> None:
    """Addresses, passkeys, providers' tokens: with some of them one could take over an account."""
    assert all(isinstance(part, HouseAdmin) for part in admin.site._registry.values())


def test_nothing_keeps_names_beside_the_audit_log(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    send(client, bob, "profile", name="Robert", intro="")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.subject) == (
        "person.edit_profile",
        alice.pseudonym,
        bob.pseudonym,
    )
    assert (entry.before, entry.after) == ({"changed": []}, {"changed": ["name"]})
    assert not LogEntry.objects.exists()
    history = client.get(f"{LIST}{bob.pk}/history/")
    assert history["Location"].startswith("/admin/chat/auditentry/?q=person")
    assert "Robert" in client.get(history["Location"]).text
