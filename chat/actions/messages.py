"""Posting, editing and deleting messages."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from chat import events, filters
from chat.actions import sql
from chat.actions.holding import report_held
from chat.actions.sql import Place
from chat.errors import ChatError, Closed, Conflict, Forbidden, message_not_found, muted, room_not_found
from chat.models import Block, Membership, Message, MessageEdit, Room
from chat.muting import check_not_muted, is_muted
from chat.text import clean_body, to_html


@dataclass(frozen=True, slots=True)
class Posting:
    """What somebody wants to say in a room; `client_id` makes saying it again harmless."""

    author_id: UUID
    room_id: UUID
    client_id: UUID
    body: str
    reply_to: int | None = None


def post_message(
    *, author: User, room_id: UUID, client_id: UUID, body: str, reply_to: int | None = None
) -> Message:
    """Post `body` in a room and return the message.

    Sending the same `client_id` again, at any time and however often, returns the message of the
    first time. Messages of one room have consecutive revisions in the order they were committed.
    What a filter holds is seen by its author alone, until a moderator lets it through.
    Raises `Invalid`, `Filtered`, `NotFound` (no such room for this person), `Closed` (the author blocks the
    other person), `Muted` or `Conflict` (the `client_id` was used in another room).
    """
    [outcome] = post_messages([Posting(author.id, room_id, client_id, body, reply_to)])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def post_messages(postings: Iterable[Posting]) -> list[Message | ChatError]:
    """Post what several people say, in one transaction, and return for each the message or the refusal.

    One posting's refusal is nothing to the others. See `post_message` for what holds for each.
    """
    drafts = [_drafted(posting) for posting in postings]
    outcomes = iter(_post([draft for draft in drafts if isinstance(draft, _Draft)]))
    return [next(outcomes) if isinstance(draft, _Draft) else draft for draft in drafts]


def edit_message(*, actor: User, room_id: UUID, sequence: int, body: str) -> Message:
    """Change one's own message and return it; what it said before is kept.

    When the other person blocks the author by now, the message is withheld from them: its new words must
    not reach them. To the author everything looks as always.
    Raises `Invalid`, `Filtered` (an edit does not wait for a review), `NotFound` (also for a deleted one),
    `Forbidden` (somebody else's), `Muted`, or `Conflict` for one that waits for a review.
    """
    text = filters.passing(clean_body(body), field="body")
    with transaction.atomic():
        check_not_muted(actor.id)
        room = _locked_room(actor, room_id)
        message = _own_message(actor, room, sequence)
        if message.deleted_at:
            raise message_not_found()
        if message.body == text:
            return message
        if message.held:
            raise Conflict(_("This message waits for a review. Delete it to say it otherwise."), field="body")
        MessageEdit.objects.create(message=message, revision=message.revision, body=message.body)
        message.body, message.body_html, message.edited_at = text, to_html(text), timezone.now()
        if not message.withheld and _is_blocked(actor, room):
            _withhold(room, message)
        _change(room, message, "body", "body_html", "edited_at")
        events.message_edited(message)
        return message


def delete_message(*, actor: User, room_id: UUID, sequence: int) -> Message:
    """Delete one's own message and return its tombstone: its words are gone for everybody.

    Deleting again changes nothing. Raises `NotFound` or `Forbidden` (somebody else's).
    """
    with transaction.atomic():
        room = _locked_room(actor, room_id)
        return _without_words(room, _own_message(actor, room, sequence))


def remove_messages(*, author: User, room_id: UUID, sequences: Collection[int]) -> list[Message]:
    """Delete messages of `author` in a moderator's name, as if they had done it; others are left out.

    Whoever calls it has checked that they may. Call it in a transaction.
    """
    room = Room.objects.locked().filter(id=room_id).first()
    if room is None:
        return []
    messages = room.messages.select_related("author").filter(author=author, sequence__in=sequences)
    return [_without_words(room, message) for message in messages.order_by("sequence")]


def release_held(*, author_id: UUID, room_id: UUID, sequence: int) -> Message:
    """Let everybody see a message that was held, unless the other person blocks its author by now.

    Whoever calls it has checked that they may. Call it in a transaction. Raises `NotFound` for a message that
    is not held, or deleted.
    """
    room = Room.objects.locked().filter(id=room_id).first()
    held = room and room.messages.filter(author=author_id, sequence=sequence, held=True, deleted_at=None)
    message = held and held.select_related("author").first()
    if not room or not message:
        raise message_not_found()
    message.held, message.withheld = False, _is_blocked(message.author, room)
    _change(room, message, "held", "withheld")
    if not message.withheld:
        last = room.messages.filter(withheld=False).order_by("-sequence").first()
        if last == message:
            room.last_message, room.active_at = message, timezone.now()
            room.save(update_fields=["last_message", "active_at"])
    events.message_created(message)
    return message


def _locked_room(actor: User, room_id: UUID) -> Room:
    """Lock the room, so that its revisions are given out one by one."""
    room = Room.objects.of(actor).locked().filter(id=room_id).first()
    if room is None:
        raise room_not_found()
    return room


class _Draft(NamedTuple):
    posting: Posting
    text: str
    html: SafeString
    held: filters.Rule | None


def _drafted(posting: Posting) -> _Draft | ChatError:
    """Check and render the words: before the transaction, so that nobody waits for it."""
    try:
        text, held = clean_body(posting.body), None
        if known := filters.current():
            text, held = known.passed(text)
    except ChatError as refusal:
        return refusal
    return _Draft(posting, text, to_html(text), held)


def _post(drafts: Sequence[_Draft]) -> list[Message | ChatError]:
    if not drafts:
        return []
    try:
        return _Batch().post(drafts, look_first=len(drafts) > 1)
    except IntegrityError:
        return [_post_alone(draft) for draft in drafts]


def _post_alone(draft: _Draft) -> Message | ChatError:
    try:
        return _Batch().post([draft], look_first=True)[0]
    except IntegrityError:
        # Only the same client_id, at the same moment, in a room with another lock comes here.
        return _used_elsewhere()


class _Batch:
    """Messages that are posted in one transaction."""

    def __init__(self) -> None:
        self.places: dict[tuple[UUID, UUID], Place] = {}
        self.known: dict[tuple[UUID, UUID], Message] = {}
        self.originals: dict[tuple[UUID, int], Message] = {}
        self.new: list[tuple[Place, Message]] = []
        self.held: list[tuple[Message, filters.Rule]] = []

    def post(self, drafts: Sequence[_Draft], *, look_first: bool) -> list[Message | ChatError]:
        """Post drafts and return what became of each.

        Raises `IntegrityError` when a `client_id` was used before. With `look_first` this can only have
        happened meanwhile; a single message, hardly ever a retry, is spared the question.
        """
        with transaction.atomic():
            self.places = sql.locked_places(
                {(draft.posting.room_id, draft.posting.author_id) for draft in drafts}
            )
            if look_first or self._needs_a_look(drafts):
                self._look(drafts)
            outcomes = [self._outcome(draft) for draft in drafts]
            if self.new:
                self._save()
            return outcomes

    def _needs_a_look(self, drafts: Sequence[_Draft]) -> bool:
        """Who has sent it before gets it again, also when they could not send it now."""
        replies = any(draft.posting.reply_to for draft in drafts)
        return replies or any(place.blocks or place.muted or place.alone for place in self.places.values())

    def _look(self, drafts: Sequence[_Draft]) -> None:
        postings = [draft.posting for draft in drafts]
        posted = {(posting.author_id, posting.client_id) for posting in postings}
        answered = {(posting.room_id, posting.reply_to) for posting in postings if posting.reply_to}
        for message in sql.messages_named(posted, answered):
            self.known[message.author_id, message.client_id] = message
            self.originals[message.room_id, message.sequence] = message

    def _outcome(self, draft: _Draft) -> Message | ChatError:
        try:
            return self._message(draft)
        except ChatError as refusal:
            return refusal

    def _message(self, draft: _Draft) -> Message:
        posting = draft.posting
        place = self.places.get((posting.room_id, posting.author_id))
        if place is None:
            raise room_not_found()
        known = self.known.get((posting.author_id, posting.client_id))
        if known is not None:
            if known.room_id != posting.room_id:
                raise _used_elsewhere()
            return known
        if is_muted(place.muted):
            raise muted(place.muted)
        if place.blocks:
            raise Closed(_("You blocked this person. Unblock them to write to them."))
        if place.alone:
            raise Closed(_("This person is not here any more."))
        return self._new_message(draft, place, self._original(posting))

    def _original(self, posting: Posting) -> Message | None:
        """The message that is answered, if the author can see it."""
        if not posting.reply_to:
            return None
        original = self.originals.get((posting.room_id, posting.reply_to))
        if original is None or (original.withheld and original.author_id != posting.author_id):
            raise message_not_found()
        return original

    def _new_message(self, draft: _Draft, place: Place, original: Message | None) -> Message:
        place.room.revision += 1
        message = Message(
            room=place.room,
            author=place.author,
            sequence=place.room.revision,
            revision=place.room.revision,
            client_id=draft.posting.client_id,
            body=draft.text,
            body_html=draft.html,
            reply_to=original,
            # It must not reach somebody who blocks the author.
            withheld=place.blocked or draft.held is not None,
            # What reaches nobody needs no review.
            held=draft.held is not None and not place.blocked,
        )
        if message.held and draft.held:
            self.held.append((message, draft.held))
        self.known[message.author_id, message.client_id] = message
        self.new.append((place, message))
        return message

    def _save(self) -> None:
        messages = [message for _place, message in self.new]
        sql.insert_messages(messages)
        sql.advance_rooms(messages)
        if withheld := [(place.membership_id, message) for place, message in self.new if message.withheld]:
            sql.note_withheld(withheld)
        if self.held:
            report_held(self.held)
        for message in messages:
            events.message_created(message)


def _without_words(room: Room, message: Message) -> Message:
    """Make a message a tombstone, unless it is one."""
    if not message.deleted_at:
        message.edits.all().delete()
        message.body, message.body_html, message.deleted_at = "", "", timezone.now()
        _change(room, message, "body", "body_html", "deleted_at")
        events.message_deleted(message)
    return message


def _own_message(actor: User, room: Room, sequence: int) -> Message:
    message = room.messages.visible_to(actor).select_related("author").filter(sequence=sequence).first()
    if message is None:
        raise message_not_found()
    if message.author_id != actor.id:
        raise Forbidden(_("This is somebody else's message."))
    return message


def _is_blocked(author: User, room: Room) -> bool:
    """Say whether the other person of a direct room blocks `author`."""
    if room.kind != Room.Kind.DIRECT:
        return False
    return Block.objects.filter(blocker__memberships__room=room, blocked=author).exists()


def _withhold(room: Room, message: Message) -> None:
    """Keep a message that was there from everybody but its author."""
    message.withheld = True
    message.save(update_fields=["withheld"])
    if room.last_message_id == message.pk:
        room.last_message = room.messages.filter(withheld=False).order_by("-sequence").first()
        room.save(update_fields=["last_message"])
    own = Membership.objects.filter(room=room, user=message.author_id)
    own.filter(Q(withheld=None) | Q(withheld__sequence__lt=message.sequence)).update(withheld=message)


def _change(room: Room, message: Message, *fields: str) -> None:
    room.revision += 1
    room.save(update_fields=["revision"])
    message.revision = room.revision
    message.save(update_fields=["revision", *fields])


def _used_elsewhere() -> Conflict:
    return Conflict(_("This message was already sent to another conversation."), field="client_id")
