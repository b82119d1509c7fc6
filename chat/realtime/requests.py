"""What a client may ask for over its socket: read the frame, call the action, shape the reply."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from accounts.models import User
from chat.actions.messages import Posting, delete_message, edit_message
from chat.errors import (
    ChatError,
    Invalid,
    NotFound,
    RateLimited,
    UnknownAction,
    room_not_found,
    unavailable,
)
from chat.history import page_of, place_of
from chat.models import Membership, Message, Room
from chat.realtime import reads
from chat.realtime.database import in_database
from chat.realtime.frames import HTML, Frame, encode, needed_number_in, number_in, parse, ref_of, uuid_in
from chat.realtime.posting import post
from chat.realtime.socket import Socket
from chat.realtime.traffic import TOO_FAST
from chat.render import message_html, message_json, messages_html
from chat.sharing import peers_of, seen_by_peer
from chatscape import rates, request_ids
from chatscape.metrics import catalogue

logger = logging.getLogger(__name__)

WATCHED_MOST = 100
# After so long (seconds) the answer is that there is none, before clients give up by themselves. What was
# asked for may have happened, or happen still: asking again is harmless.
PATIENCE = 8.0
Reply = dict[str, Any]


async def answer(socket: Socket, text: str | None, data: bytes | None = None) -> str:
    """Do what a frame asks for and return the reply: what was asked for, or a typed error."""
    ref, label = None, "none"
    # Lines that are logged meanwhile name the socket's handshake.
    request_ids.current.set(socket.request_id)
    try:
        too_fast = _too_fast(socket)
        frame = parse(text, data)
        ref = ref_of(frame)
        if too_fast:
            raise too_fast
        action = frame.get("action")
        handler = ACTIONS.get(action) if isinstance(action, str) else None
        if handler is None:
            raise UnknownAction("There is no such action.")
        label = str(action)
        async with asyncio.timeout(PATIENCE):
            told = await handler(socket, frame)
        reply = encode({"ref": ref, "status": "ok", **told})
        catalogue.frames.add(label, "ok")
        return reply
    except ChatError as error:
        refused = error
    except (DatabaseError, InterfaceError, TimeoutError) as error:
        logger.warning("A frame was refused without the database: %s", type(error).__name__)
        refused = unavailable()
    except Exception:
        logger.exception("A frame could not be handled")
        refused = ChatError("Something went wrong here. It has been noted.")
    catalogue.frames.add(label, refused.code)
    return encode({"ref": ref, "status": "error", **refused.as_dict()})


def _too_fast(socket: Socket) -> RateLimited | None:
    """Return the refusal of one frame too many; who does not listen to it for long is disconnected."""
    seconds = rates.wait("frames", person=socket.user_id)
    if not seconds:
        return None
    if rates.wait("flood", person=socket.user_id):
        socket.end(TOO_FAST, "too fast")
    return rates.too_fast(seconds)


async def room_join(socket: Socket, frame: Frame) -> Reply:
    """Hear a room from now on, and get what changed in it since a revision."""
    room_id, since = uuid_in(frame, "room"), number_in(frame, "since")
    await in_database(_head, socket.user_id, room_id)
    # Subscribed before the page is read: nothing falls between the two.
    socket.hear(room_id)
    await socket.heard(room_id)
    try:
        if since is None:
            head = await in_database(_head, socket.user_id, room_id)
            reply: Reply = {"room": str(room_id), "revision": head, "head": head, "more": False}
        else:
            reply = await in_database(_page, socket.user_id, room_id, socket.protocol, since=since)
    except NotFound:
        # They were taken out of the room between the two questions.
        socket.stop_hearing(room_id)
        raise
    return {**reply, "seen": await in_database(seen_by_peer, socket.user_id, room_id)}


async def room_leave(socket: Socket, frame: Frame) -> Reply:
    room_id = uuid_in(frame, "room")
    if not socket.watching:
        socket.stop_hearing(room_id)
    return {"room": str(room_id)}


async def inbox_watch(socket: Socket, frame: Frame) -> Reply:
    """Hear all rooms of the person's list, and those they join later."""
    socket.watching = True
    rooms = await in_database(_watched, socket.user_id)
    socket.hear(*rooms)
    await socket.heard(*rooms)
    watched = await in_database(_watched, socket.user_id)
    for room_id in rooms.keys() - watched.keys():
        socket.stop_hearing(room_id)
    heard = {str(room_id): watched[room_id] for room_id in watched if room_id in rooms}
    return {
        "rooms": {room_id: revision for room_id, (revision, _read) in heard.items()},
        "unread": [room_id for room_id, (revision, read) in heard.items() if read < revision],
        **await _people(socket),
    }


async def _people(socket: Socket) -> Reply:
    """The people whose presence the person may know, with their rooms, and who of them is here."""
    presence, version, peers = socket.hub.presence, -1, dict[UUID, UUID]()
    while version != presence.version:
        # Who blocks somebody meanwhile must not be told of; the question is asked again then.
        version = presence.version
        peers = await in_database(peers_of, socket.user_id)
    online = [] if socket.gone else presence.watch(socket.user_id, peers)
    people = {str(person): str(room_id) for person, room_id in peers.items()}
    return {"people": people, "online": [str(person) for person in online]}


async def history_get(socket: Socket, frame: Frame) -> Reply:
    asked = {name: number_in(frame, name) for name in ("before", "after", "since", "limit")}
    return await in_database(_page, socket.user_id, uuid_in(frame, "room"), socket.protocol, **asked)


async def message_post(socket: Socket, frame: Frame) -> Reply:
    rates.check("send", person=socket.user_id, address=socket.address)
    posting = Posting(
        author_id=socket.user_id,
        room_id=uuid_in(frame, "room"),
        client_id=uuid_in(frame, "client_id"),
        body=_body(frame),
        reply_to=number_in(frame, "reply_to"),
    )
    return _answer(await post(posting), socket.protocol)


async def message_edit(socket: Socket, frame: Frame) -> Reply:
    rates.check("send", person=socket.user_id, address=socket.address)
    where = {"room_id": uuid_in(frame, "room"), "sequence": needed_number_in(frame, "sequence")}
    return await in_database(_edit, socket.user_id, socket.protocol, body=_body(frame), **where)


async def message_delete(socket: Socket, frame: Frame) -> Reply:
    where = {"room_id": uuid_in(frame, "room"), "sequence": needed_number_in(frame, "sequence")}
    return await in_database(_delete, socket.user_id, socket.protocol, **where)


async def read(socket: Socket, frame: Frame) -> Reply:
    room_id, sequence = uuid_in(frame, "room"), needed_number_in(frame, "sequence")
    await reads.mark(socket.user_id, room_id, sequence, joined=room_id in socket.rooms)
    return {"room": str(room_id)}


async def typing(socket: Socket, frame: Frame) -> Reply:
    """Tell the room that the person types; it is told at most once in two seconds."""
    room_id = uuid_in(frame, "room")
    await socket.hub.typists.typing(socket.user_id, room_id)
    return {"room": str(room_id)}


async def ping(socket: Socket, frame: Frame) -> Reply:
    return {"action": "pong"}


ACTIONS: dict[str, Callable[[Socket, Frame], Awaitable[Reply]]] = {
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


def _person(user_id: UUID) -> User:
    """Who acts now, as long as they may."""
    user = User.objects.filter(id=user_id, is_active=True).first()
    if user is None:
        raise room_not_found()
    return user


def _head(user: UUID, room_id: UUID) -> int:
    return place_of(user, room_id).head


def _watched(user: UUID) -> dict[UUID, tuple[int, int]]:
    """The revisions of somebody's rooms, and how far they have read in them."""
    own = Membership.objects.of(user).filter(user__is_active=True)
    rows = own.exclude(room__kind=Room.Kind.EVENT).recent_first()
    found = rows.values_list("room", "room__revision", "read_sequence")[:WATCHED_MOST]
    return {room_id: (revision, read) for room_id, revision, read in found}


def _page(user: UUID, room_id: UUID, protocol: str, **asked: int | None) -> Reply:
    page = page_of(user, room_id, **asked)
    if asked.get("since") is not None:
        catalogue.catch_ups.observe(len(page.messages), "socket")
    answer: Reply = {"room": str(room_id), "revision": page.revision, "head": page.head, "more": page.more}
    if protocol == HTML:
        return {**answer, "html": messages_html(page.messages)}
    return {**answer, "messages": [message_json(message) for message in page.messages]}


def _edit(user: UUID, protocol: str, **what: Any) -> Reply:
    return _answer(edit_message(actor=_person(user), **what), protocol)


def _delete(user: UUID, protocol: str, **what: Any) -> Reply:
    return _answer(delete_message(actor=_person(user), **what), protocol)


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
