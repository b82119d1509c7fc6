"""Adding, accepting and blocking contacts."""

import logging
from contextlib import suppress
from uuid import UUID

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.invitations import mail_proof
from accounts.models import User
from chat import events
from chat.actions.messages import post_message
from chat.actions.rooms import open_direct_room
from chat.errors import (
    Closed,
    Filtered,
    Forbidden,
    Invalid,
    Muted,
    NotFound,
    contact_not_found,
    message_not_found,
)
from chat.filters import passing
from chat.models import Block, Contact, Invitation, Message, Room
from chat.muting import check_not_muted
from chat.site import absolute_url
from chat.text import tidy

logger = logging.getLogger(__name__)


def add_contact(*, owner: User, name: str, email: str, greeting: str = "") -> Contact:
    """Add somebody by name and e-mail, and invite them; adding again is harmless.

    Whether they are registered is not told: either way the contact waits for their answer, and an
    invitation link exists. When they had asked `owner` first, both are connected at once.
    Raises `Invalid` for one's own address, `Muted` for a greeting of somebody who may say nothing, `Filtered`
    for one that does not pass: nobody reviews what is read before people know each other.
    """
    email, greeting = email.strip().lower(), tidy(greeting)
    if email == owner.email:
        raise Invalid(_("this is your own address"), field="email")
    if greeting:
        check_not_muted(owner.id, field="greeting")
        greeting = passing(greeting, field="greeting")
    with transaction.atomic():
        contact, made = Contact.objects.get_or_create(
            owner=owner, email=email, defaults={"name": name, "greeting": greeting}
        )
        if made:
            invitation = Invitation.objects.create(inviter=owner, contact=contact)
            if request := _asked_first(owner, email):
                return accept_contact(actor=owner, contact_id=request.id)
            transaction.on_commit(lambda: _send_invitation(contact, invitation), robust=True)
            for addressee in User.objects.filter(
                emailaddress__email__iexact=email, emailaddress__verified=True
            ):
                if not Block.objects.filter(blocker=addressee, blocked=owner).exists():
                    events.inbox_changed(addressee)
    return contact


def accept_contact(*, actor: User, contact_id: UUID) -> Contact:
    """Accept a request: both become each other's contact and their conversation opens.

    Returns the contact of `actor`. Accepting again is harmless.
    Raises `NotFound` when there is no such request to this person.
    """
    with transaction.atomic():
        # Two answers, or an answer and a withdrawal, wait here for each other.
        Contact.objects.select_for_update().filter(id=contact_id).first()
        accepted = Contact.objects.filter(id=contact_id, person=actor).select_related("owner").first()
        request = accepted or Contact.objects.requests_to(actor).filter(id=contact_id).first()
        if request is None:
            raise contact_not_found()
        asker = request.owner
        Contact.objects.filter(owner=asker, person=actor).exclude(id=request.id).delete()
        Contact.objects.filter(id=request.id, person=None).update(person=actor, accepted_at=timezone.now())
        mine = _contact_for(actor, asker)
        room = open_direct_room(asker, actor)
        events.sharing_changed(asker.id, actor.id)
        # Both may have asked and said hello. The contact's id is the message's: each is posted once.
        for contact in (request, mine):
            _greet(contact, room)
        events.inbox_changed(asker)
        events.inbox_changed(actor)
        return mine


def rename_contact(*, owner: User, contact_id: UUID, name: str) -> Contact:
    """Call a contact something else. Raises `NotFound`."""
    contact = Contact.objects.of(owner).filter(id=contact_id).first()
    if contact is None:
        raise contact_not_found()
    contact.name = name
    contact.save(update_fields=["name"])
    events.inbox_changed(owner)
    return contact


def withdraw_contact(*, owner: User, contact_id: UUID) -> None:
    """Forget somebody who has not accepted; their link and their request end with it.

    Raises `NotFound`, also when they have accepted meanwhile.
    """
    with transaction.atomic():
        waiting = Contact.objects.of(owner).waiting().select_for_update().filter(id=contact_id).first()
        if waiting is None:
            raise contact_not_found()
        waiting.delete()
    events.inbox_changed(owner)


def block_person(*, blocker: User, contact_id: UUID) -> User:
    """Block the person behind a contact or a request; returns them. They are not told.

    Raises `NotFound`.
    """
    return block(blocker=blocker, person=person_behind(blocker, contact_id))


def block(*, blocker: User, person: User) -> User:
    """Block somebody whom `blocker` has met; returns them. They are not told."""
    Block.objects.get_or_create(blocker=blocker, blocked=person)
    events.inbox_changed(blocker)
    events.sharing_changed(blocker.id, person.id)
    return person


def unblock_person(*, blocker: User, person: User) -> None:
    """Hear from somebody again; harmless when they were not blocked."""
    Block.objects.filter(blocker=blocker, blocked=person).delete()
    events.inbox_changed(blocker)
    events.sharing_changed(blocker.id, person.id)


def person_behind(user: User, contact_id: UUID) -> User:
    """Return whom a contact of `user`, or a request to them, is about. Raises `NotFound`."""
    contact = Contact.objects.of(user).filter(id=contact_id).select_related("person").first()
    if contact and contact.person:
        return contact.person
    # A request whose sender was blocked a moment ago can still be blocked again, or reported.
    request = None if contact else Contact.objects.that_reached(user).filter(id=contact_id).first()
    if request is None:
        raise contact_not_found()
    return request.owner


def message_of_another(user: User, room_id: UUID, sequence: int) -> Message:
    """Return a message that somebody else wrote, with its author.

    Raises `NotFound` when `user` cannot see it, `Forbidden` when they wrote it.
    """
    message = (
        Message.objects.filter(room__memberships__user=user, room=room_id, sequence=sequence)
        .visible_to(user)
        .select_related("author", "room")
        .first()
    )
    if message is None:
        raise message_not_found()
    if message.author_id == user.id:
        raise Forbidden(_("This is your own message."))
    return message


def _asked_first(owner: User, email: str) -> Contact | None:
    """The waiting request from the person with this address to `owner`, if there is one."""
    return (
        Contact.objects.requests_to(owner)
        .filter(owner__emailaddress__email__iexact=email, owner__emailaddress__verified=True)
        .first()
    )


def _contact_for(owner: User, person: User) -> Contact:
    """Make `person` a contact of `owner`, or complete the one that waits for one of their addresses."""
    known = Contact.objects.filter(owner=owner, person=person).first()
    if known:
        return known
    confirmed = person.emailaddress_set.filter(verified=True).values(address=Lower("email"))
    addressed = Q(email=person.email) | Q(email__in=confirmed)
    contact = Contact.objects.of(owner).waiting().filter(addressed).first()
    if contact is None:
        contact, _made = Contact.objects.get_or_create(
            owner=owner, email=person.email, defaults={"name": person.name}
        )
    contact.person, contact.accepted_at = person, timezone.now()
    contact.save(update_fields=["person", "accepted_at"])
    return contact


def _greet(contact: Contact, room: Room) -> None:
    """Post what a contact's owner said when they asked, unless they are muted, gone, or block the other."""
    if contact.greeting:
        with suppress(Closed, Filtered, Muted, NotFound):
            post_message(author=contact.owner, room_id=room.id, client_id=contact.id, body=contact.greeting)


def _send_invitation(contact: Contact, invitation: Invitation) -> None:
    context = {
        "inviter": contact.owner,
        "contact": contact,
        "url": absolute_url(invitation.get_absolute_url()) + f"?proof={mail_proof(invitation.code)}",
    }
    subject = _("%(name)s invites you to chat") % {"name": contact.owner.name}
    try:
        send_mail(subject, render_to_string("chat/email/invitation.txt", context), None, [contact.email])
    except OSError as error:
        # The link on the contact's page still works; the address is personal and not logged.
        logger.warning("An invitation could not be mailed: %s", type(error).__name__)
