"""Messages that a report is about, copied as they are now."""

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import Invalid, message_not_found
from chat.history import messages_after, messages_before
from chat.models import Message, MessageEdit
from chat.models.message import MessageQuerySet
from chat.rows import MessageRow

# How many messages a report picks at most, and how many around each come with it, on either side.
PICKED_MOST = 50
AROUND = 3
# The first and the last picked one are at most as many messages apart.
SPAN_MOST = 1_000
# Characters that one report keeps. The picked messages always fit; what is around them comes last.
WORDS_MOST = 250_000
WORDINGS_MOST = 100
# How many messages the form offers.
OFFERED = 30

Copied = dict[str, object]


def offered(viewer: User, room_id: UUID, sequence: int | None = None) -> list[MessageRow]:
    """Return the messages to pick from: those around one, or the newest."""
    if sequence is None:
        return messages_before(viewer.id, room_id, None, OFFERED)
    half = OFFERED // 2
    newer = messages_after(viewer.id, room_id, sequence - 1, half)
    return messages_before(viewer.id, room_id, sequence, OFFERED - half) + newer


def frozen(viewer: User, room_id: UUID, picked: Collection[int]) -> list[Copied]:
    """Return copies of the picked messages and of those around them, in order.

    Only what `viewer` may see is copied, and at most `WORDS_MOST` characters. It takes four queries.
    Raises `Invalid` when too many are picked, or too far apart, `NotFound` when one is not to be seen.
    """
    if not picked:
        return []
    if len(picked) > PICKED_MOST:
        raise Invalid(_("pick at most %(most)s messages") % {"most": PICKED_MOST}, field="messages")
    seen = Message.objects.filter(room=room_id).visible_to(viewer)
    wanted = _with_surroundings(seen, set(picked))
    messages = list(seen.filter(sequence__in=wanted).select_related("author").order_by("sequence"))
    # Asked after the messages: what an edit replaces meanwhile is here or there.
    edits = MessageEdit.objects.filter(message__room=room_id, message__sequence__in=picked)
    wordings = edits.order_by("-revision").values_list("message__sequence", "body")[:WORDINGS_MOST]
    return _Copies().of(messages, picked, list(wordings))


def _with_surroundings(seen: MessageQuerySet, picked: set[int]) -> set[int]:
    """Return the sequences of what is copied."""
    first = min(picked)
    order = list(seen.before(first).values_list("sequence", flat=True)[:AROUND])[::-1]
    order += seen.after(first - 1).values_list("sequence", flat=True)[:SPAN_MOST]
    place = {sequence: number for number, sequence in enumerate(order)}
    if missing := picked - place.keys():
        if min(missing) > order[-1] and len(order) >= SPAN_MOST:
            raise Invalid(_("pick messages that are closer together"), field="messages")
        raise message_not_found()
    return {
        sequence
        for one in picked
        for sequence in order[max(0, place[one] - AROUND) : place[one] + AROUND + 1]
    }


class _Copies:
    """Copies of messages that have no more than `WORDS_MOST` characters together."""

    def __init__(self) -> None:
        self.left = WORDS_MOST

    def of(
        self, messages: list[Message], picked: Collection[int], wordings: list[tuple[int, str]]
    ) -> list[Copied]:
        """Return the copies, the picked messages and what these said before first of all."""
        kept = {one.sequence for one in messages if one.sequence in picked and self._fits(one.body)}
        before: dict[int, list[str]] = {}
        for sequence, body in wordings:
            if self._fits(body):
                before.setdefault(sequence, []).insert(0, body)
        kept |= {one.sequence for one in messages if one.sequence not in picked and self._fits(one.body)}
        return [
            _copy(one, picked=one.sequence in picked, before=before.get(one.sequence, []))
            for one in messages
            if one.sequence in kept
        ]

    def _fits(self, words: str) -> bool:
        fits = len(words) <= self.left
        if fits:
            self.left -= len(words)
        return fits


def _copy(message: Message, *, picked: bool, before: list[str]) -> Copied:
    return {
        "sequence": message.sequence,
        "author": str(message.author_id),
        "author_name": message.author.name,
        "body": message.body,
        "created_at": message.created_at.isoformat(),
        "edited_at": message.edited_at.isoformat() if message.edited_at else None,
        "deleted": message.deleted_at is not None,
        "picked": picked,
        "before": before,
    }
