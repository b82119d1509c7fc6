"""Which of the sockets in an event's group it is for; some events change what a socket hears."""

from uuid import UUID

from chat.realtime.socket import Event, Socket


def audience(event: Event, sockets: list[Socket]) -> list[Socket]:
    """Return those of `sockets` that are sent the event."""
    if event["name"] == "member.joined":
        for socket in sockets:
            if socket.watching:
                socket.hear(UUID(event["room"]))
    elif "html" in event and event["group"].startswith("user."):
        # A withheld message reaches its author's pages, some of which show other rooms.
        room_id = UUID(event["room"])
        return [socket for socket in sockets if room_id in socket.rooms]
    return sockets
