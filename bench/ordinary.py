"""WebSockets as the handbook of Channels has them, on plain Daphne, to compare with.

`/ws/` joins a group and sends to it what its clients send; `/accept/` accepts and does nothing else.
Nobody is checked, and a message is what the client made of it.
"""

from typing import Any

from django.conf import settings

settings.configure(
    # More than any measurement has waiting, for longer than it takes: the layer drops what is beyond,
    # and turns whoever was late out of the group.
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 10_000, "expiry": 3_600},
        }
    },
    INSTALLED_APPS=["channels"],
)

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402

GROUP = "everybody"


class Ordinary(AsyncWebsocketConsumer):
    """One WebSocket in one group."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send(GROUP, {"type": "chat.message", "text": text_data})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


_ordinary = Ordinary.as_asgi()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve `/ws/` and `/accept/`."""
    if scope["type"] == "websocket" and scope["path"] == "/ws/":
        await _ordinary(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    else:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
