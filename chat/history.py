"""Pages of a room's messages, for sockets and HTTP alike."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from chat.errors import room_not_found
from chat.models import Message, Room
from chat.models.message import PAGE, PAGE_MOST


@dataclass(frozen=True)
class Page:
    """Messages in the order they are shown or were changed in.

    `head` is the room's revision; `revision` is the cursor of whoever has applied this page to what
    they had: ask for what came since. `more` says that the same question has a further answer.
    """

    room_id: UUID
    messages: list[Message]
    more: bool
    head: int
    revision: int


def page_of(
    user: User | UUID,
    room_id: UUID,
    *,
    since: int | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Page:
    """Return what changed `since` a revision, or what was posted `after` or `before` a sequence.

    Without any of the three, the newest messages. A page has at most `limit` messages, never more
    than `PAGE_MOST`. Raises `NotFound` when the person is not a member.
    """
    # The revision is read first: a change that commits in between is in the page or in the next.
    head = Room.objects.of(user).filter(id=room_id).values_list("revision", flat=True).first()
    if head is None:
        raise room_not_found()
    size = max(1, min(limit or (PAGE_MOST if since is not None else PAGE), PAGE_MOST))
    visible = Message.objects.filter(room=room_id).visible_to(user)
    if since is not None:
        found = visible.changed_since(since, size + 1)
        more = len(found) > size
        messages = found[:size]
        newest = messages[-1].revision if messages else head
        return Page(room_id, messages, more, max(head, newest), newest if more else max(head, newest))
    if after is not None:
        found = visible.after(after, size + 1)
        return Page(room_id, found[:size], len(found) > size, head, head)
    found = visible.before(before, size + 1)
    return Page(room_id, found[-size:], len(found) > size, head, head)
