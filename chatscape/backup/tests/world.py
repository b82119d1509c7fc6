"""A server with a bit of everything in it, and odd things among them."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chatscape.testing.environment import clean
from chatscape.testing.machine import ROOT

ODD = "naïve 👩‍👩‍👧 עברית ‏ \u202e \\ \" ' \r\n\t\u2028 \x7f end "
NESTED = {
    "b": [1, 2.5, 1e300, -0.0, 1e2, 12345678901234567890, {"": None, "ü": [[[[]]]]}],
    "a": True,
    "0": ODD,
}
MOMENT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)


def fill() -> None:
    """Put people, rooms, messages and at least one row into each table."""
    from allauth.account.models import EmailConfirmation
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import Group, Permission
    from django.contrib.contenttypes.models import ContentType
    from django.db import transaction
    from django.db.models import JSONField, Value

    from accounts.models import DeviceLink, Role
    from accounts.oidc.models import BelievedAddress
    from accounts.tests.people import make_user
    from chat.actions.audit import record
    from chat.actions.messages import delete_message, edit_message
    from chat.models import Appeal, Block, Filter, Invitation, Report, Room, Sanction
    from chat.tests.situations import befriend, client_of, say

    alice = make_user("Alice", role=Role.OWNER)
    bob, carol = make_user("Bob"), make_user("Ⅽåröl " + "x" * 44, email="carol@example.com", intro="é" * 200)
    room = befriend(alice, bob)
    befriend(alice, carol)
    for number in range(5):
        say(alice, room, f"{ODD} {number}")
    say(bob, room, "😀" * 4000)
    say(bob, room, "an answer", reply_to=1)
    edit_message(actor=alice, room_id=room.id, sequence=2, body="other words")
    delete_message(actor=alice, room_id=room.id, sequence=3)
    Room.objects.create(kind="group", name="G" * 80, created_at=MOMENT)
    Block.objects.create(blocker=carol, blocked=bob)
    Filter.objects.create(pattern="Σίσυφος*", kind="word")
    Invitation.objects.create(inviter=alice)
    report = Report.objects.create(reporter=bob, subject=carol, room=room, context=ODD, evidence=NESTED)
    # JSON's own null, where NULL may not be.
    Report.objects.create(evidence=Value(None, JSONField()))
    sanction = Sanction.objects.create(
        person=carol, kind="warning", reason=ODD, report=report, ends_at=MOMENT
    )
    Appeal.objects.create(sanction=sanction, words=ODD)
    with transaction.atomic():
        record(actor=alice, action="test.entry", subject=bob, after=NESTED)
    device = client_of(bob) and bob.devices.get()
    client_of(alice)
    DeviceLink.objects.create(
        device=device, digest="0" * 64, password="1" * 64, expires_at=MOMENT + timedelta(days=1)
    )
    address = alice.emailaddress_set.get()
    BelievedAddress.objects.create(address=address)
    EmailConfirmation.objects.create(email_address=address, key="k" * 64)
    Authenticator.objects.create(user=alice, type="totp", data=NESTED)
    account = SocialAccount.objects.create(user=bob, provider="corp", uid="https://i/#1", extra_data=NESTED)
    app = SocialApp.objects.create(provider="corp", name="Corp", client_id="1", settings={})
    SocialToken.objects.create(account=account, app=app, token="t")
    group = Group.objects.create(name="G")
    group.permissions.add(Permission.objects.order_by("pk").last())
    alice.groups.add(group)
    alice.user_permissions.add(Permission.objects.order_by("pk").first())
    kind = ContentType.objects.get_for_model(Room)
    LogEntry.objects.create(user=alice, content_type=kind, object_id="1", object_repr=ODD, action_flag=1)


def empty() -> None:
    """Take everything away, as a server is that nobody has used."""
    from django.core.management import call_command

    call_command("flush", interactive=False, verbosity=0)


def digests() -> dict[str, tuple[int, str]]:
    """Return the rows and hash of each table as it is now."""
    from chatscape.backup import tables

    loader = tables.loader_of("default")
    return {table.name: table.digest("default") for table in tables.tables_at(loader, tables.applied(loader))}


def call(*words: str, **options: Any) -> str:
    """Run a command in this process, and return what it said."""
    from django.core.management import call_command

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        call_command(*words, stdout=said, stderr=said, **options)
    return said.getvalue()


def manage(var: Path, *words: str, env: Mapping[str, str] | None = None, ok: bool = True) -> str:
    """Run a command as an operator would, with its state in `var`, and return all it said."""
    var.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env={**clean(os.environ), "CHATSCAPE_VAR": str(var), "LIMITS": "off", **(env or {})},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def hashes_in(file: Path) -> dict[str, tuple[int, str]]:
    """Return what a plain backup says of its tables."""
    from chatscape.backup.sealing import Key
    from chatscape.backup.writing import read

    with file.open("rb") as opened:
        return {name: (part.count, part.sha256) for name, part in read(opened, Key()).tables.items()}
