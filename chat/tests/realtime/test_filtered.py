"""A filter that was made elsewhere holds here within seconds (MO6)."""

import time
import uuid

import pytest

from chat.tests.browser.desk import Desk
from chat.tests.realtime.pages import Page, Wired, database

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_filter_of_another_process_holds_within_five_seconds(serve):
    server = await database(serve)
    with Desk(server) as desk:
        alice, _bob, room = desk.pair()
        page = Page(await Wired.open(server.port, alice.session))

        async def say_it() -> dict[str, object]:
            return await page.ask("message.post", room=room, client_id=str(uuid.uuid4()), body="Darn it")

        assert (await say_it())["status"] == "ok"
        made_at = time.monotonic()
        desk("filter_words", pattern="darn", action="block")
        while (reply := await say_it())["status"] == "ok":
            assert time.monotonic() < made_at + 5
        assert (reply["code"], reply["field"]) == ("filtered", "body")
        # The socket stays open, and other words pass.
        await page.done("message.post", room=room, client_id=str(uuid.uuid4()), body="Never mind")
        await page.close()
