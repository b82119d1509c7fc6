"""docs/protocol.md says what the code does."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from chat import errors
from chat.models.message import PAGE, PAGE_MOST
from chat.realtime import access, frames, inbound, traffic
from chat.realtime.requests import ACTIONS, WATCHED_MOST
from chat.tests.situations import JSON, client_of, say
from chat.text import BODY_MOST
from chatscape import server
from chatscape.management.commands import serve

TEXT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()


def first_column(heading):
    """The first cells of a table of the document."""
    rows = TEXT.split(f"| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip().strip("`") for row in rows]


def test_every_action_is_described():
    assert sorted(first_column("Action")) == sorted(ACTIONS)


def test_every_error_code_is_described():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, errors.ChatError)}
    assert sorted(first_column("Code")) == sorted(codes)


def test_every_close_code_is_described():
    ours = {access.SIGN_IN_AGAIN, access.ACCESS_CHANGED, server.RESTARTING, 1002, 1007, 1009}
    ours |= {traffic.TOO_SLOW, traffic.TOO_FAST}
    described = ", ".join(first_column("Close code")).split(", ")
    assert sorted(described) == sorted([*map(str, ours), "any other"])


def test_every_sub_protocol_is_described():
    assert tuple(first_column("Sub-protocol")) == frames.PROTOCOLS


def test_limits_are_those_of_the_code():
    said = {
        f"at most {frames.FRAME_MOST:,} bytes",
        f"at most {frames.REF_MOST} characters",
        f"at most the {WATCHED_MOST} most recent",
        f"text of 1 to {BODY_MOST:,} characters",
        f"at most {PAGE_MOST}; without it, {PAGE_MOST} messages with `since` and {PAGE} otherwise",
        f"more than {serve.SOCKET_MESSAGE_MOST:,} bytes",
        f"more than {inbound.MESSAGE_MOST:,} bytes",
        f"more than {traffic.BACKLOG_MOST:,} bytes waited",
        f"took nothing for {traffic.STALL_PATIENCE:.0f} seconds",
        f"within {serve.PING_INTERVAL + serve.PING_TIMEOUT} seconds",
        f"every {settings.HEARTBEAT_SECONDS} seconds",
    }
    text = " ".join(TEXT.split())
    assert not [words for words in said if words not in text]


@pytest.mark.django_db
def test_the_urls_without_a_socket_answer_as_described(alice, room):
    client, about = client_of(alice), f"/rooms/{room.id}/messages/"
    say(alice, room)
    for question in ("since=0", "before=9", "after=0"):
        answer = client.get(f"{about}?{question}", **JSON).json()
        assert sorted(answer) == ["head", "messages", "more", "revision", "room"]
        assert [message["sequence"] for message in answer["messages"]] == [1]
    posted = client.post(about, {"body": "Hi", "client_id": "6f2b1f2e-9d0a-4c39-9e39-2f9d3a6d0f11"}, **JSON)
    described = set(re.findall(r'"(\w+)"', TEXT.split("In JSON a message is\n")[1].split("\n\n")[0])) - {
        "id",
        "name",
    }
    assert posted.json()["message"].keys() == described
    for path, fields, revision in (("2/edit/", {"body": "Ho"}, 3), ("2/delete/", {}, 4)):
        assert client.post(about + path, fields, **JSON).json()["message"]["revision"] == revision
    refused = client.post(about, {"body": " "}, **JSON)
    assert (refused.status_code, json.loads(refused.content)["error"]["code"]) == (422, "invalid")
    assert client.post(f"/rooms/{room.id}/read/", {"sequence": 2}, **JSON).status_code == 204
