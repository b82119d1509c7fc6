"""Posting, editing and deleting messages."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat import events
from chat.errors import Closed, Conflict, Forbidden, message_not_found, room_not_found
from chat.models import Block, Message, MessageEdit, Room
from chat.text import clean_body, to_html


def post_message(
    *, author: User, room_id: UUID, client_id: UUID, body: str, reply_to: int | None = None
) -> Message:
    """Post `body` in a room and return the message.

    Sending the same `client_id` again, at any time and however often, returns the message of the
    first time. Messages of one room have consecutive revisions in the order they were committed.
    Raises `Invalid`, `NotFound` (no such room for this person), `Closed` (the author blocks the
    other person) or `Conflict` (the `client_id` was used in another room).
    """
    text = clean_body(body)
    try:
        with transaction.atomic():
            room = _locked_room(author, room_id)
            return _already_posted(author, room, client_id) or _post(author, room, client_id, text, reply_to)
    except IntegrityError as error:
        # Only the same client_id, at the same moment, in a room with another lock comes here.
        raise _used_elsewhere() from error


def edit_message(*, actor: User, room_id: UUID, sequence: int, body: str) -> Message:
    """Change one's own message and return it; what it said before is kept.

    Raises `Invalid`, `NotFound` (also for a deleted one) or `Forbidden` (somebody else's).
    """
    text = clean_body(body)
    with transaction.atomic():
        room = _locked_room(actor, room_id)
        message = _own_message(actor, room, sequence)
        if message.deleted_at:
            raise message_not_found()
        if message.body == text:
            return message
        MessageEdit.objects.create(message=message, revision=message.revision, body=message.body)
        message.body, message.body_html, message.edited_at = text, to_html(text), timezone.now()
        _change(room, message, "body", "body_html", "edited_at")
        events.message_edited(message)
        return message


def delete_message(*, actor: User, room_id: UUID, sequence: int) -> Message:
    """Delete one's own message and return its tombstone: its words are gone for everybody.

    Deleting again changes nothing. Raises `NotFound` or `Forbidden` (somebody else's).
    """
    with transaction.atomic():
        room = _locked_room(actor, room_id)
        message = _own_message(actor, room, sequence)
        if message.deleted_at:
            return message
        message.edits.all().delete()
        message.body, message.body_html, message.deleted_at = "", "", timezone.now()
        _change(room, message, "body", "body_html", "deleted_at")
        events.message_deleted(message)
        return message


def _locked_room(actor: User, room_id: UUID) -> Room:
    """Lock the room, so that its revisions are given out one by one."""
    room = Room.objects.of(actor).locked().filter(id=room_id).first()
    if room is None:
        raise room_not_found()
    return room


def _already_posted(author: User, room: Room, client_id: UUID) -> Message | None:
    message = Message.objects.select_related("author").filter(author=author, client_id=client_id).first()
    if message and message.room_id != room.id:
        raise _used_elsewhere()
    return message


def _post(author: User, room: Room, client_id: UUID, text: str, reply_to: int | None) -> Message:
    withheld = _withheld(author, room)
    original = room.messages.visible_to(author).filter(sequence=reply_to).first() if reply_to else None
    if reply_to and original is None:
        raise message_not_found()
    room.revision += 1
    message = Message.objects.create(
        room=room,
        author=author,
        sequence=room.revision,
        revision=room.revision,
        client_id=client_id,
        body=text,
        body_html=to_html(text),
        reply_to=original,
        withheld=withheld,
    )
    if withheld:
        room.memberships.filter(user=author).update(withheld=message)
    else:
        room.last_message, room.active_at = message, message.created_at
    room.save(update_fields=["revision", "last_message", "active_at"])
    events.message_created(message)
    return message


def _withheld(author: User, room: Room) -> bool:
    """Say whether the message must not reach the other person, who blocks the author."""
    if room.pair_key is None:
        return False
    pair = [UUID(person) for person in room.pair_key.split(":")]
    blockers = set(Block.objects.filter(blocker__in=pair, blocked__in=pair).values_list("blocker", flat=True))
    if author.id in blockers:
        raise Closed(_("You blocked this person. Unblock them to write to them."))
    return bool(blockers)


def _own_message(actor: User, room: Room, sequence: int) -> Message:
    message = room.messages.visible_to(actor).select_related("author").filter(sequence=sequence).first()
    if message is None:
        raise message_not_found()
    if message.author_id != actor.id:
        raise Forbidden(_("This is somebody else's message."))
    return message


def _change(room: Room, message: Message, *fields: str) -> None:
    room.revision += 1
    room.save(update_fields=["revision"])
    message.revision = room.revision
    message.save(update_fields=["revision", *fields])


def _used_elsewhere() -> Conflict:
    return Conflict(_("This message was already sent to another conversation."), field="client_id")
