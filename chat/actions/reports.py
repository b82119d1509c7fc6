"""Telling the moderators about somebody, with evidence that nobody changes later."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.contacts import message_of_another, person_behind
from chat.errors import Invalid, room_not_found
from chat.evidence import Copied, frozen
from chat.models import Contact, Membership, Reason, Report, Room
from chat.text import clean_context


@dataclass(frozen=True)
class Occasion:
    """What somebody reports from.

    `person` is empty in a room of several: whose messages are picked is reported. `sequence` names the
    message that it begins with, which is always picked.
    """

    kind: Report.Kind
    person: User | None
    room: Room | None = None
    greeting: str = ""
    sequence: int | None = None


def report_person(*, reporter: User, contact_id: UUID, **told: Any) -> Report:
    """Report the person behind a contact or a request: see `report`. Raises `NotFound`."""
    return report(reporter=reporter, about=about_contact(reporter, contact_id), **told)


def report_message(*, reporter: User, room_id: UUID, sequence: int, **told: Any) -> Report:
    """Report who wrote a message: see `report`. Raises `NotFound`, `Forbidden` for one's own."""
    return report(reporter=reporter, about=about_message(reporter, room_id, sequence), **told)


def report(
    *, reporter: User, about: Occasion, context: str, reason: str = Reason.OTHER, picked: Collection[int] = ()
) -> Report:
    """Tell the moderators; several reports are several rows.

    The picked messages, those around them and what a request said are frozen as the reporter sees them now.
    Raises `Invalid` when `context` is blank or what is picked cannot be kept, `NotFound` when a picked
    message is not to be seen.
    """
    text, why = clean_context(context), _reason(reason)
    sequences = {*picked} if about.sequence is None else {*picked, about.sequence}
    with transaction.atomic():
        messages = frozen(reporter, about.room.id, sequences) if about.room else []
        person = about.person or _author(reporter, messages)
        return Report.objects.create(
            kind=Report.Kind.MESSAGE if messages else about.kind,
            reporter=reporter,
            subject=person,
            room=about.room,
            reason=why,
            urgency=why.urgency,
            context=text,
            evidence={
                "name": person.name,
                "intro": person.intro,
                "greeting": about.greeting,
                "messages": messages,
            },
        )


def mark_seen(*, reporter: User) -> None:
    """Remember that `reporter` has seen all that was decided."""
    Report.objects.all().news_for(reporter).update(seen_at=timezone.now())


def about_contact(user: User, contact_id: UUID) -> Occasion:
    """Return the occasion to report the person behind a contact or a request. Raises `NotFound`."""
    person = person_behind(user, contact_id)
    contact = Contact.objects.get(id=contact_id)
    if contact.owner_id == person.id:
        return Occasion(Report.Kind.REQUEST, person, greeting=contact.greeting)
    room = Room.objects.of(user).filter(pair_key=Room.pair(user, person)).first()
    return Occasion(Report.Kind.PERSON, person, room)


def about_room(user: User, room_id: UUID) -> Occasion:
    """Return the occasion to report somebody in a room. Raises `NotFound`."""
    place = Membership.objects.of(user).filter(room=room_id).select_related("room", "peer").first()
    # Nobody is left in a direct room whose other person has gone.
    if place is None or (place.room.kind == Room.Kind.DIRECT and place.peer is None):
        raise room_not_found()
    return Occasion(Report.Kind.PERSON, place.peer, place.room)


def about_message(user: User, room_id: UUID, sequence: int) -> Occasion:
    """Return the occasion to report who wrote a message. Raises `NotFound`, or `Forbidden` for one's own."""
    message = message_of_another(user, room_id, sequence)
    return Occasion(Report.Kind.MESSAGE, message.author, message.room, sequence=sequence)


def _reason(given: str) -> Reason:
    if not given:
        return Reason.OTHER
    if given not in Reason.values:
        raise Invalid(_("choose one of the reasons"), field="reason")
    return Reason(given)


def _author(reporter: User, messages: list[Copied]) -> User:
    """Return who wrote what was picked in a room of several: one person other than the reporter."""
    authors = {str(one["author"]) for one in messages if one["picked"]} - {str(reporter.id)}
    if len(authors) > 1:
        raise Invalid(_("pick messages of one person"), field="messages")
    if not authors:
        raise Invalid(_("pick a message of the person"), field="messages")
    return User.objects.get(id=authors.pop())
