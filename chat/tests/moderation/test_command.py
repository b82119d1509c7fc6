"""`manage.py moderate`: what the admin site does, from a shell."""

import pytest
from django.core.management import CommandError, call_command

from chat.models import AuditEntry, Sanction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def test_somebody_is_banned_and_let_back_in(bob, capsys):
    call_command("moderate", " BOB@example.com ", "--ban", "--reason", "Spam")
    bob.refresh_from_db()
    assert not bob.is_active
    assert Sanction.objects.get().reason == "Spam"

    call_command("moderate", bob.email, "--lift", "--reason", "A mistake")
    bob.refresh_from_db()
    assert bob.is_active
    entries = AuditEntry.objects.order_by("id").values_list("action", "actor", "actor_role", "subject")
    assert list(entries) == [
        ("person.close", None, "system", bob.pseudonym),
        ("person.open", None, "system", bob.pseudonym),
    ]


def test_a_role_is_given(bob):
    call_command("moderate", bob.email, "--role", "moderator")

    bob.refresh_from_db()
    assert bob.role == "moderator"


@pytest.mark.parametrize(
    "typed",
    [
        ["nobody@example.com", "--ban", "--reason", "Spam"],
        ["bob@example.com", "--ban"],
        ["bob@example.com", "--lift", "--reason", "Open already"],
        ["bob@example.com"],
        ["bob@example.com", "--role", "owner"],
        ["bob@example.com", "--role", "admin", "--ban"],
        ["alice@example.com", "--ban", "--reason", "Coup"],
    ],
)
def test_what_cannot_be_is_said(alice, bob, typed):
    with pytest.raises(CommandError):
        call_command("moderate", *typed)

    assert not AuditEntry.objects.exists()
