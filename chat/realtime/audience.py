"""Which of a person's sockets an event is for; some events change what sockets hear, or end them."""

from uuid import UUID

from chat.realtime.access import ACCESS_CHANGED, SIGN_IN_AGAIN
from chat.realtime.socket import Event, Socket
from chat.realtime.tokens import fingerprint


def audience(event: Event, sockets: list[Socket]) -> list[Socket]:
    """Return those of a person's `sockets` that are sent the event."""
    name = event["name"]
    if name == "access.ended":
        for socket in sockets:
            if _ends(event, socket):
                socket.end(SIGN_IN_AGAIN)
        return []
    if name == "access.changed":
        for socket in sockets:
            if socket.role != event["role"]:
                socket.end(ACCESS_CHANGED)
        return []
    if name == "standing.changed":
        for socket in sockets:
            socket.hub.typists.forget(socket.user_id)
    elif name == "sharing.changed":
        for socket in sockets:
            socket.hub.presence.forget(socket.user_id)
            socket.hub.typists.forget(socket.user_id)
    elif name == "member.joined":
        for socket in sockets:
            if socket.watching:
                socket.hear(UUID(event["room"]))
    elif name == "member.left":
        for socket in sockets:
            socket.hub.typists.forget(socket.user_id)
            socket.stop_hearing(UUID(event["room"]))
    elif "html" in event:
        # A withheld message reaches its author's pages, some of which show other rooms.
        room_id = UUID(event["room"])
        return [socket for socket in sockets if room_id in socket.rooms]
    return sockets


def _ends(event: Event, socket: Socket) -> bool:
    """Say whether a socket's session is over: the named one, all but those of a password, or all."""
    if "session" in event:
        return bool(event["session"] == fingerprint(socket.session_key))
    return bool(event.get("password") != fingerprint(socket.session_hash))
