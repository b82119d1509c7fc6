"""Kill -9 of every part under sixteen people who write: what was acknowledged is there, once (OP13)."""

import os
import time

import pytest

from chat.tests.soak.rigs import cluster, embedded
from chat.tests.soak.trials import FIRST, TRIALS, Crowd

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("REDIS_URL")), reason="brings servers of its own: once a run is enough"
)


async def killed(setup, first, trials):
    began = time.monotonic()
    with setup() as rig:
        async with Crowd(rig) as crowd:
            await crowd.run(first, trials)
            print(crowd.told(), f"({time.monotonic() - began:.0f} s in all)")
        for server in rig.servers:
            assert "Traceback" not in server.last_words(10**7)


async def test_a_few_kills_of_the_embedded_default():
    await killed(embedded, 1, 3)


async def test_a_few_kills_with_postgres_and_redis():
    await killed(cluster, 1, 3)


@pytest.mark.soak
async def test_kills_of_the_embedded_default():
    await killed(embedded, FIRST, TRIALS)


@pytest.mark.soak
async def test_kills_with_postgres_and_redis():
    await killed(cluster, FIRST, TRIALS)
