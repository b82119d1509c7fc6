"""People, rooms and sessions to measure with, put into a server's own database."""

import json
from dataclasses import dataclass

from chatscape.testing.server import Server

MESSAGES = 1_000
VIEWERS = 16

_SCRIPT = """
import json, uuid
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from accounts.models import User
from chat.actions.messages import post_message
from chat.actions.rooms import open_direct_room

def session_of(user):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key

viewers = []
for number in range({viewers}):
    pair = [
        User.objects.create_user(f"{{who}}{{number}}@example.org", None, name=f"{{who}} {{number}}")
        for who in ("Alice", "Bob")
    ]
    with transaction.atomic():
        room = open_direct_room(*pair)
        for index in range({messages} // {viewers}):
            body = f"Message {{index}}: " + "words " * 20
            post_message(author=pair[index % 2], room_id=room.id, client_id=uuid.uuid4(), body=body)
    viewers.append({{"room": str(room.id), "session": session_of(pair[0])}})
print("SEED" + json.dumps(viewers))
"""


@dataclass(frozen=True)
class Viewer:
    """Somebody signed in, with a room of their own."""

    room: str
    session: str


def seed(server: Server) -> list[Viewer]:
    """Make `VIEWERS` pairs of people with a conversation each, and return one of each pair."""
    printed = server.manage("shell", "-c", _SCRIPT.format(viewers=VIEWERS, messages=MESSAGES))
    line = next(line for line in printed.splitlines() if line.startswith("SEED"))
    return [Viewer(**viewer) for viewer in json.loads(line.removeprefix("SEED"))]
