"""Rooms and messages."""

import uuid

from chat.tests.matrix.row import (
    DONE_BY_ME,
    DONE_BY_MEMBERS,
    MEMBERS,
    MINE,
    OWN,
    PUBLIC,
    SIGN_IN,
    Rows,
    page,
    shared,
)

ROOM, MESSAGE = "/rooms/{}/", "/rooms/{}/messages/1/"

ROWS: Rows = {
    "home": page("/", PUBLIC),
    "rooms": page("/rooms/", OWN),
    "room": lambda it: shared(ROOM, it.room, get=MEMBERS),
    "room-read": lambda it: shared(f"{ROOM}read/", it.room, post=DONE_BY_MEMBERS, sequence="1"),
    "messages": lambda it: shared(
        f"{ROOM}messages/",
        it.room,
        get=MEMBERS,
        post=DONE_BY_MEMBERS,
        body="hello",
        client_id=str(uuid.uuid4()),
    ),
    "message": lambda it: shared(MESSAGE, it.room, get=MEMBERS),
    "message-edit": lambda it: shared(f"{MESSAGE}edit/", it.room, get=MINE, post=DONE_BY_ME, body="edited"),
    # A member sees the message: that it is not theirs may be said.
    "message-delete": lambda it: shared(
        f"{MESSAGE}delete/", it.room, get=MINE, post=(SIGN_IN, 404, 403, 303)
    ),
    # Nobody reports or blocks themselves.
    "message-report": lambda it: shared(
        f"{MESSAGE}report/",
        it.room,
        get=(SIGN_IN, 404, 200, 403),
        post=(SIGN_IN, 404, 200, 403),
        context="rude",
    ),
    "message-block": lambda it: shared(
        f"{MESSAGE}block/", it.room, get=(SIGN_IN, 404, 200, 403), post=(SIGN_IN, 404, 303, 403)
    ),
    "room-report": lambda it: shared(
        f"{ROOM}report/", it.room, get=MEMBERS, post=(SIGN_IN, 404, 200, 200), context="rude"
    ),
}
# What a member may do to a conversation.
CHANGED_BY_MEMBERS = {"messages", "room-read", "room-report", "message-report", "message-block"}
