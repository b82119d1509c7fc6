"""Real server processes with alice's and bob's conversation in their database."""

import http.client
import json
import re
import time
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlencode

from chatscape.testing.server import Server

SCENE = """
import json
from accounts.tests.people import make_user
from chat.tests.situations import befriend, client_of
alice, bob, mallory = map(make_user, ("Alice", "Bob", "Mallory"))
room = befriend(alice, bob)
sessions = {user.name.lower(): client_of(user).session.session_key for user in (alice, bob, mallory)}
print(json.dumps({"room": str(room.id), **sessions}))
"""


class Scene(NamedTuple):
    """The address of the conversation, and the sessions of people who are signed in."""

    room: str
    alice: str
    bob: str
    mallory: str


def set_scene(server: Server) -> Scene:
    return Scene(**json.loads(server.manage("shell", "-v0", "-c", SCENE).strip().splitlines()[-1]))


def ask(
    server: Server, method: str, path: str, session: str, *, accept: str = "application/json", **fields: str
) -> tuple[int, str, float]:
    """Ask a page's question; return the status, the answer and the seconds it took."""
    token = "c" * 32
    headers = {
        "Cookie": f"chatscape_session={session}; csrftoken={token}",
        "X-CSRFToken": token,
        "Accept": accept,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, urlencode(fields), headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), time.monotonic() - started
    finally:
        connection.close()


def post(server: Server, session: str, room: str, body: str) -> tuple[int, dict[str, Any], float]:
    """Post a message over HTTP; return the status, the JSON and the seconds it took."""
    what = {"client_id": str(uuid.uuid4()), "body": body}
    status, text, seconds = ask(server, "POST", f"/rooms/{room}/messages/", session, **what)
    return status, json.loads(text), seconds


def words(picture: list[tuple[int, str]]) -> list[str]:
    """What the messages say, in order."""
    found = (re.search(r'class="message-body">(.*?)</div>', article) for _sequence, article in picture)
    return [match[1] for match in found if match]
