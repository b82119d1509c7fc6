"""A channel layer that can be broken in the ways Redis breaks."""

import asyncio
from typing import Any

from channels.layers import InMemoryChannelLayer


class BreakableLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """`state` says how it behaves: fine, frozen (nothing ever returns), gone (everything fails) or
    deaf (everything succeeds and nothing arrives)."""

    def __init__(self) -> None:
        super().__init__(capacity=100_000)
        self.state = "fine"
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def _behave(self) -> None:
        if self.state == "frozen":
            await asyncio.Event().wait()
        if self.state == "gone":
            raise ConnectionError

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._behave()
        self.sent.append((group, message))
        if self.state != "deaf":
            await super().group_send(group, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._behave()
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._behave()
        await super().group_discard(group, channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        await self._behave()
        return str(await super().new_channel(prefix))

    async def flush(self) -> None:
        await self._behave()
        await super().flush()
