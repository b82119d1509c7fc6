"""A conversation."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from chat.actions.rooms import mark_read
from chat.errors import Invalid, in_words, room_not_found
from chat.history import window_of
from chat.models import Message, Room
from chat.muting import is_muted
from chat.render import messages_html
from chat.sidebar import list_of, room_of
from chat.speakers import names_again, names_in, window_again
from chat.views.page import Page
from chatscape.answers import is_htmx, see_other, wants_json
from chatscape.conditional import not_modified, stamped

_room = Page(
    "chat/room.html",
    {
        "room": UUID,
        "kind": str,
        "revision": int,
        "title": str,
        "contact": UUID,
        "hue": int,
        "initials": str,
        "read_sequence": int,
        "around": int,
        "first_sequence": int,
        "messages_html": str,
        "client_id": UUID,
        "body": str,
        "error": str,
        "muted_until": str,
        "muted_iso": str,
    },
)


@require_safe
@signed_in
def room(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    """The newest messages, or those before `?before=`; `?date=` leads to the first of a day."""
    if "date" in request.GET:
        return _first_of(request, room_id, request.GET["date"])
    return room_page(request, room_id, before=number(request, "before"))


@require_safe
@signed_in
def permalink(request: SignedInRequest, room_id: UUID, sequence: int) -> HttpResponse:
    """One message among those around it."""
    return room_page(request, room_id, around=sequence)


@require_POST
@signed_in
def room_read(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    """Mark everything up to `sequence` as read."""
    sequence = request.POST.get("sequence", "")
    if not (sequence.isascii() and sequence.isdecimal() and len(sequence) < 19):
        raise Invalid(_("%(field)s must be a whole number") % {"field": "sequence"}, field="sequence")
    mark_read(reader=request.user, room_id=room_id, sequence=int(sequence))
    if is_htmx(request) or wants_json(request):
        return HttpResponse(status=204)
    return see_other("room", room_id)


@dataclass(frozen=True)
class Refused:
    """A message that was refused, and why: the page keeps the words."""

    client_id: UUID
    body: str
    why: str


def room_page(
    request: SignedInRequest,
    room_id: UUID,
    *,
    before: int | None = None,
    around: int | None = None,
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with a room: two queries, one for all rooms of the list, one for the messages.

    Raises `NotFound` when the person is not in the room, or has no message `around` to see.
    """
    user = request.user
    side = None if is_htmx(request) else list_of(user, current=room_id)
    row = next((row for row in side.rooms if row.room_id == room_id), None) if side else None
    # An event is not in the list.
    row = row or room_of(user, room_id)
    if row is None:
        raise room_not_found()
    muted_until = user.muted_until if is_muted(user.muted_until) else None
    seen = [user.name, user.has_notice, muted_until, before, around]
    stamp = repr([*seen, tuple(row), side and side.stamp()])
    page = (room_id, row.revision, before, around)
    direct = row.kind == Room.Kind.DIRECT
    alone = direct and row.peer is None
    # In a direct room names and revision say all there is to know of the messages.
    names = [] if direct else names_again(page)
    if names is not None and (fresh := not_modified(request, stamp + repr(names))):
        return fresh
    window = None if direct else window_again(page, names)
    if window is None:
        window = window_of(user, room_id, before=before, around=around)
        names = [] if direct else names_in(page, window)
        if not direct and (fresh := not_modified(request, stamp + repr(names))):
            return fresh
    stamp += repr(names)
    shown, has_older, has_newer = window
    values = {
        "room": room_id,
        "kind": row.kind,
        "revision": row.revision,
        "title": row.title,
        "contact": row.contact_id,
        "hue": row.hue,
        "initials": row.initials,
        "read_sequence": row.read_sequence,
        "around": around,
        "first_sequence": shown[0].sequence if shown else 0,
        "messages_html": messages_html(shown, user),
        "client_id": refused.client_id if refused else uuid4(),
        "body": refused.body if refused else "",
        "error": refused.why if refused else "",
        "muted_until": in_words(muted_until) if muted_until else "",
        "muted_iso": muted_until.isoformat() if muted_until else "",
    }
    answer = _room.answer(
        request,
        values,
        room_list=side.html() if side else SafeString(),
        status=status,
        has_contact=row.contact is not None,
        unread=bool(row.unread),
        has_older=has_older,
        has_newer=has_newer,
        is_around=around is not None,
        is_empty=not shown,
        is_mine=any(m.sequence == around and m.author_id == user.id and not m.deleted for m in shown),
        is_theirs=any(m.sequence == around and m.author_id != user.id for m in shown),
        may_post=not (row.i_block or alone) and muted_until is None,
        alone=alone,
        muted=muted_until is not None,
        refused=refused is not None,
    )
    return stamped(request, answer, stamp)


def _first_of(request: SignedInRequest, room_id: UUID, date: str) -> HttpResponse:
    """Lead to the first message of a day, or to the newest when nothing was said since."""
    try:
        day = parse_date(date)
    except ValueError:
        day = None
    if day is None:
        raise Invalid(_("date must be a day like 2026-12-31"), field="date")
    if not Room.objects.of(request.user).filter(id=room_id).exists():
        raise room_not_found()
    start = timezone.make_aware(datetime.combine(day, time.min))
    sequence = (
        Message.objects.filter(room=room_id, created_at__gte=start)
        .visible_to(request.user)
        .order_by("created_at", "sequence")
        .values_list("sequence", flat=True)
        .first()
    )
    return redirect(
        reverse("message", args=[room_id, sequence]) if sequence else reverse("room", args=[room_id])
    )


def number(request: SignedInRequest, name: str) -> int | None:
    """Return a whole number from the query string, or None when it is not given. Raises `Invalid`."""
    value = request.GET.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise Invalid(_("%(field)s must be a whole number") % {"field": name}, field=name)
    return int(value)
