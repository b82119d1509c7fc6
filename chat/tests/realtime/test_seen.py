"""A device with an open socket counts as used, and is written down every few minutes only."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.devices import SEEN_EVERY
from accounts.models import Device
from chat.realtime import access
from chat.realtime.access import Sweep
from chat.realtime.hub import ensure_hub
from chat.tests.realtime.pages import database, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_once(settings, monkeypatch):
    settings.HEARTBEAT_SECONDS = 60
    monkeypatch.setattr(access, "ROUND", 60)
    monkeypatch.setattr(access, "GAP", 0)


async def test_open_sockets_are_noted_every_few_minutes(at_once, open_page, alice, bob, monkeypatch):
    session, elsewhere = await database(sign_in, alice), await database(sign_in, alice)
    page = await open_page(alice, session=session)
    await page.done("ping")
    await database(Device.objects.update, seen_at=timezone.now() - timedelta(days=1))
    monkeypatch.setattr(access, "ROUND", 0)
    sweep = Sweep(ensure_hub().sockets)

    async def seen_now(key):
        seen = await database(lambda: Device.objects.get(session=key).seen_at)
        return timezone.now() - seen < timedelta(minutes=1)

    await sweep.round()
    assert not await seen_now(session)
    assert 0 < sweep._seen_again - time.monotonic() <= SEEN_EVERY.total_seconds()
    sweep._seen_again = time.monotonic()
    await sweep.round()
    assert await seen_now(session)
    assert not await seen_now(elsewhere)
    # Not again before the same time has passed.
    await database(Device.objects.update, seen_at=timezone.now() - timedelta(days=1))
    await sweep.round()
    assert not await seen_now(session)
    await page.done("ping")
