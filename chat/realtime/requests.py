"""What a client may ask for over its socket: read the frame, call the action, shape the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.messages import delete_message, edit_message, post_message
from chat.actions.rooms import mark_read
from chat.errors import Invalid, room_not_found
from chat.history import page_of
from chat.models import Membership, Message, Room
from chat.realtime.database import in_database
from chat.realtime.frames import HTML, Frame, needed_number_in, number_in, uuid_in
from chat.render import message_html, message_json, messages_html

if TYPE_CHECKING:
    from chat.realtime.consumer import ChatConsumer

WATCHED_MOST = 100
Reply = dict[str, Any]


async def room_join(socket: ChatConsumer, frame: Frame) -> Reply:
    """Hear a room from now on, and get what changed in it since a revision."""
    room_id, since = uuid_in(frame, "room"), number_in(frame, "since")
    head = await in_database(_head, socket.user, room_id)
    # Subscribed before the page is read: nothing falls between the two.
    socket.hear(room_id)
    await socket.heard(room_id)
    if since is None:
        return {"room": str(room_id), "revision": head, "head": head, "more": False}
    return await in_database(_page, socket.user, room_id, socket.protocol, since=since)


async def room_leave(socket: ChatConsumer, frame: Frame) -> Reply:
    room_id = uuid_in(frame, "room")
    if not socket.watching:
        socket.stop_hearing(room_id)
    return {"room": str(room_id)}


async def inbox_watch(socket: ChatConsumer, frame: Frame) -> Reply:
    """Hear all rooms of the person's list, and those they join later."""
    socket.watching = True
    revisions = await in_database(_watched, socket.user)
    socket.hear(*revisions)
    await socket.heard(*revisions)
    return {"rooms": {str(room_id): revision for room_id, revision in revisions.items()}}


async def history_get(socket: ChatConsumer, frame: Frame) -> Reply:
    asked = {name: number_in(frame, name) for name in ("before", "after", "since", "limit")}
    return await in_database(_page, socket.user, uuid_in(frame, "room"), socket.protocol, **asked)


async def message_post(socket: ChatConsumer, frame: Frame) -> Reply:
    return await in_database(
        _post,
        socket.user,
        socket.protocol,
        room_id=uuid_in(frame, "room"),
        client_id=uuid_in(frame, "client_id"),
        body=_body(frame),
        reply_to=number_in(frame, "reply_to"),
    )


async def message_edit(socket: ChatConsumer, frame: Frame) -> Reply:
    where = {"room_id": uuid_in(frame, "room"), "sequence": needed_number_in(frame, "sequence")}
    return await in_database(_edit, socket.user, socket.protocol, body=_body(frame), **where)


async def message_delete(socket: ChatConsumer, frame: Frame) -> Reply:
    where = {"room_id": uuid_in(frame, "room"), "sequence": needed_number_in(frame, "sequence")}
    return await in_database(_delete, socket.user, socket.protocol, **where)


async def read(socket: ChatConsumer, frame: Frame) -> Reply:
    room_id, sequence = uuid_in(frame, "room"), needed_number_in(frame, "sequence")
    await in_database(mark_read, reader=socket.user, room_id=room_id, sequence=sequence)
    return {"room": str(room_id)}


async def typing(socket: ChatConsumer, frame: Frame) -> Reply:
    """Accepted, and without effect yet."""
    return {"room": str(uuid_in(frame, "room"))}


async def ping(socket: ChatConsumer, frame: Frame) -> Reply:
    return {"action": "pong"}


ACTIONS: dict[str, Callable[[ChatConsumer, Frame], Awaitable[Reply]]] = {
    "room.join": room_join,
    "room.leave": room_leave,
    "inbox.watch": inbox_watch,
    "history.get": history_get,
    "getHistory": history_get,
    "message.post": message_post,
    "sendMessage": message_post,
    "message.edit": message_edit,
    "message.delete": message_delete,
    "read": read,
    "typing": typing,
    "ping": ping,
}


def _body(frame: Frame) -> str:
    body = frame.get("body", "")
    if not isinstance(body, str):
        raise Invalid(_("body must be text"), field="body")
    return body


def _head(user: User, room_id: UUID) -> int:
    head = Room.objects.of(user).filter(id=room_id).values_list("revision", flat=True).first()
    if head is None:
        raise room_not_found()
    return head


def _watched(user: User) -> dict[UUID, int]:
    rows = Membership.objects.of(user).exclude(room__kind=Room.Kind.EVENT).recent_first()
    return dict(rows.values_list("room", "room__revision")[:WATCHED_MOST])


def _page(user: User, room_id: UUID, protocol: str, **asked: int | None) -> Reply:
    page = page_of(user, room_id, **asked)
    answer: Reply = {"room": str(room_id), "revision": page.revision, "head": page.head, "more": page.more}
    if protocol == HTML:
        return {**answer, "html": messages_html(page.messages)}
    return {**answer, "messages": [message_json(message) for message in page.messages]}


def _post(user: User, protocol: str, **what: Any) -> Reply:
    return _answer(post_message(author=user, **what), protocol)


def _edit(user: User, protocol: str, **what: Any) -> Reply:
    return _answer(edit_message(actor=user, **what), protocol)


def _delete(user: User, protocol: str, **what: Any) -> Reply:
    return _answer(delete_message(actor=user, **what), protocol)


def _answer(message: Message, protocol: str) -> Reply:
    answer = {
        "room": str(message.room_id),
        "sequence": message.sequence,
        "revision": message.revision,
        "client_id": str(message.client_id),
    }
    if protocol == HTML:
        return {**answer, "html": message_html(message)}
    return {**answer, "message": message_json(message)}
