"""Erasing a person: nothing of them stays but gaps where they spoke.

What others wrote stays theirs. What the erased wrote becomes tombstones of a person without a name, who is
new, so that nothing leads from one to the other.
"""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from chat import events
from chat.actions.audit import record
from chat.errors import Conflict
from chat.models import Contact, Membership, Message, MessageEdit, Report, Room

BATCH = 500
# Kept in the database, where it has no reader yet whose language it could be in.
NAMELESS = "Deleted person"


def erase_person(*, actor: User | None, person: User) -> None:
    """Erase everything the server keeps about somebody; their sockets close at once.

    1. Their messages become tombstones of nobody; earlier wordings and what was withheld go.
    2. Contacts, invitations, blocks, sessions, devices, keys and sanctions go, and so do the contacts that
       others made for them and the reports about them. In reports about others their own words are blanked.
    3. The audit log keeps their pseudonym, which leads to nobody any more.
    4. When the owner goes, the administrator who has been here longest becomes the owner.

    `actor` is the person themselves, or None for a command. Raises `Conflict` for an owner who is not
    alone and has no administrator.
    """
    # Reading all sessions may take seconds: nobody waits for it.
    sessions = _sessions_of(person)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        # Not those they only claim: contacts with these are about somebody else.
        addresses = person.emailaddress_set.filter(verified=True).values_list("email", flat=True)
        _hand_over(actor, person)
        _leave_rooms(person)
        about = Q(person=person) | Q(email__in=[address.lower() for address in addresses])
        owners = list(User.objects.filter(contacts__in=Contact.objects.filter(about)).distinct())
        Contact.objects.filter(about).delete()
        _clear_reports(person)
        LogEntry.objects.filter(Q(user=person) | Q(object_id=str(person.pk))).delete()
        Session.objects.filter(session_key__in=sessions).delete()
        record(actor=actor, action="person.erased", subject=person)
        events.account_closed(person)
        for owner in owners:
            events.inbox_changed(owner)
        person.delete()


def _sessions_of(person: User) -> list[str]:
    """The keys of somebody's sessions. What a session holds is signed: the database cannot look into it."""
    return [
        session.session_key
        for session in Session.objects.iterator(chunk_size=BATCH)
        if session.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]


def _hand_over(actor: User | None, person: User) -> None:
    """Let somebody else own the server. Raises `Conflict` when nobody can."""
    if person.role != Role.OWNER:
        return
    heir = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("date_joined", "pk").first()
    if heir is None:
        if User.objects.filter(is_active=True).exclude(pk=person.pk).exists():
            raise Conflict(_("Make somebody an administrator first: they will own the server."))
        return
    User.objects.filter(pk=person.pk).update(role=Role.MEMBER)
    User.objects.filter(pk=heir.pk).update(role=Role.OWNER)
    record(
        actor=actor,
        action="person.role",
        subject=heir,
        before={"role": heir.role},
        after={"role": Role.OWNER},
    )
    events.access_changed(heir)


def _leave_rooms(person: User) -> None:
    """Take somebody, and their words, out of all rooms."""
    Membership.objects.filter(user=person).update(withheld=None)
    Message.objects.filter(author=person, withheld=True).delete()
    rooms = list(
        Room.objects.filter(Q(memberships__user=person) | Q(messages__author=person)).values_list(
            "pk", flat=True
        )
    )
    nobody = _nobody() if Message.objects.filter(author=person).exists() else None
    # In the order in which batches of posts lock rooms.
    for room in Room.objects.filter(pk__in=rooms).locked().order_by("pk"):
        if nobody:
            _silence(room, person, nobody)
        members = Membership.objects.filter(room=room)
        members.filter(user=person).delete()
        if room.kind == Room.Kind.DIRECT:
            members.filter(peer=person).update(peer=None)
            # The other one keeps the room, in which nobody can be written to.
            room.pair_key, room.name = f"{uuid4()}:{uuid4()}", NAMELESS
        room.save(update_fields=["revision", "pair_key", "name"])
        for member in User.objects.filter(memberships__room=room, is_active=True)[:BATCH]:
            events.inbox_changed(member)


def _nobody() -> User:
    nobody = User(name=NAMELESS, email=f"{uuid4()}@erased.invalid", is_active=False)
    nobody.set_unusable_password()
    nobody.save(force_insert=True)
    return nobody


def _silence(room: Room, person: User, nobody: User) -> None:
    """Make tombstones of somebody's messages in a locked room."""
    MessageEdit.objects.filter(message__room=room, message__author=person).delete()
    now, last = timezone.now(), None
    while batch := list(Message.objects.filter(room=room, author=person).order_by("sequence")[:BATCH]):
        for message in batch:
            room.revision += 1
            message.author, message.client_id, message.revision = nobody, uuid4(), room.revision
            message.body = message.body_html = ""
            message.deleted_at, message.edited_at = message.deleted_at or now, None
        fields = ("author", "client_id", "revision", "body", "body_html", "deleted_at", "edited_at")
        Message.objects.bulk_update(batch, fields)
        last = batch[-1]
    if last:
        # The newest tells pages that they have missed the others.
        events.message_deleted(last)


def _clear_reports(person: User) -> None:
    """Drop reports about somebody, and their words and names from the others."""
    Report.objects.filter(subject=person).delete()
    Report.objects.filter(reporter=person).update(reporter=None, context="")
    named = str(person.pk)
    mentioning = Report.objects.annotate(text=Cast("evidence", TextField())).filter(text__contains=named)
    for report in mentioning.only("evidence"):
        for message in _messages_by(report.evidence, named):
            message |= {"author": "", "author_name": "", "body": "", "before": [], "deleted": True}
        report.save(update_fields=["evidence"])


def _messages_by(evidence: dict[str, Any], author: str) -> Collection[dict[str, Any]]:
    return [message for message in evidence.get("messages", ()) if message.get("author") == author]
