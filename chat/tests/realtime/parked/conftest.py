"""Parked sockets without Daphne: a hub, pairs of sockets, and time that passes quickly."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chat.realtime.hub import Hub
    from chat.tests.realtime.parked.pairs import Pair


@pytest.fixture
async def hub() -> "AsyncIterator[Hub]":
    from chat.realtime.hub import Hub

    hub = Hub(asyncio.get_running_loop())
    # Not started: nobody waits for its link.
    hub.link.lost = True
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    yield hub
    await hub.poller.close_all(within=0)
    assert not hub.sockets
    assert not hub.groups
    assert not hub.poller.sockets()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


@pytest.fixture
def pair(hub: "Hub") -> "Iterator[Callable[..., Pair]]":
    """Make a parked socket and its client."""
    from chat.tests.realtime.parked.pairs import Pair

    pairs: list[Pair] = []

    def pair(**options: Any) -> Pair:
        pairs.append(Pair(hub, **options))
        return pairs[-1]

    yield pair
    for one in pairs:
        one.raw.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let seconds of silence pass in hundredths."""
    from chat.realtime import parked, poller

    monkeypatch.setattr(poller, "TICK", 0.002)
    monkeypatch.setattr(parked, "CLOSE_PATIENCE", 0.05)
    monkeypatch.setattr(parked, "STALL_PATIENCE", 0.05)
