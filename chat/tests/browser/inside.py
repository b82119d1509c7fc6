"""What a desk does beside a running server: `python -m chat.tests.browser.inside`.

Each line on the input is a call, `["say", {"room": ..., ...}]`; its answer is one line of JSON. A
browser's event loop runs in the tests' own process, where Django would refuse to touch the database.
"""

import json
import os
import sys
import time
import uuid
from datetime import datetime
from itertools import count
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from accounts.sessions import SINCE  # noqa: E402
from accounts.tests.people import make_user  # noqa: E402
from chat.actions import appeals, contacts, messages, moderation  # noqa: E402
from chat.actions.reports import about_message  # noqa: E402
from chat.actions.reports import report as report_what_is  # noqa: E402
from chat.models import Block, Contact, Filter, Message, Report, Room  # noqa: E402
from chat.tests import situations  # noqa: E402

numbers = count(1)


def people(names: list[str], owner: bool = False, password: bool = False) -> list[dict[str, str]]:
    """Make people who are signed in already; the same name may be used again and again."""
    return [_person(name, owner, password) for name in names]


def _person(name: str, owner: bool, password: bool) -> dict[str, str]:
    email = f"{name.split()[0].lower()}.{next(numbers)}.{uuid.uuid4().hex[:6]}@example.com"
    # Hardly anybody signs in with a password here, and hashing one takes long.
    fields = {} if password else {"password": "!"}
    user = make_user(name, email=email, role=Role.OWNER if owner else Role.MEMBER, **fields)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SINCE] = int(time.time())
    session.save()
    return {"id": str(user.pk), "name": name, "email": email, "session": str(session.session_key)}


def befriend(one: str, other: str) -> str:
    """Connect two people; return their room."""
    return str(situations.befriend(_user(one), _user(other)).pk)


def ask(owner: str, name: str, email: str, greeting: str = "") -> dict[str, str]:
    """Let `owner` add somebody; return the contact and the path of the invitation."""
    contact = contacts.add_contact(owner=_user(owner), name=name, email=email, greeting=greeting)
    return {"contact": str(contact.pk), "invitation": contact.invitation.get_absolute_url()}


def contact(owner: str, person: str) -> str:
    return str(Contact.objects.get(owner=owner, person=person).pk)


def block(blocker: str, person: str) -> None:
    contacts.block_person(blocker=_user(blocker), contact_id=uuid.UUID(contact(blocker, person)))


def say(author: str, room: str, body: str) -> int:
    return situations.say(_user(author), Room.objects.get(pk=room), body).sequence


def edit(author: str, room: str, sequence: int, body: str) -> None:
    messages.edit_message(actor=_user(author), room_id=uuid.UUID(room), sequence=sequence, body=body)


def delete(author: str, room: str, sequence: int) -> None:
    messages.delete_message(actor=_user(author), room_id=uuid.UUID(room), sequence=sequence)


def fill(room: str, authors: list[str], count: int) -> None:
    """Put "Message 1" to "Message <count>" into an empty room."""
    situations.fill(Room.objects.get(pk=room), [_user(author) for author in authors], count)


def history(room: str, said: list[list[str]]) -> None:
    """Fill a room with what was said: author, words, and when (ISO 8601)."""
    for author, body, at in said:
        sequence = say(author, room, body)
        when = datetime.fromisoformat(at)
        Message.objects.filter(room=room, sequence=sequence).update(created_at=when)
        Room.objects.filter(pk=room).update(active_at=when)


def read(reader: str, room: str, sequence: int) -> None:
    from chat.actions.rooms import mark_read

    mark_read(reader=_user(reader), room_id=uuid.UUID(room), sequence=sequence)


def bodies(room: str) -> list[str]:
    """Everything in the room as the database has it, tombstones as empty texts."""
    return list(Message.objects.filter(room=room).order_by("sequence").values_list("body", flat=True))


def filter_words(pattern: str, action: str) -> None:
    """Make a filter; servers notice it within seconds."""
    Filter.objects.create(pattern=pattern, action=action)


def appoint(person: str, role: str) -> None:
    User.objects.filter(pk=person).update(role=role)


def report(
    reporter: str, room: str, sequence: int, reason: str, context: str, picked: list[int] | None = None
) -> str:
    """Report who wrote a message, with more messages; return the report."""
    about = about_message(_user(reporter), uuid.UUID(room), sequence)
    told = {"reason": reason, "context": context, "picked": picked or ()}
    return str(report_what_is(reporter=_user(reporter), about=about, **told).pk)


def decide(moderator: str, report: str, decision: str, reason: str, days: int | None = None) -> str:
    """Decide a report; return the sanction that follows, if any."""
    decided = moderation.decide(
        actor=_user(moderator), report_id=uuid.UUID(report), decision=decision, reason=reason, days=days
    )
    made = decided.sanctions.first()
    return str(made.pk) if made else ""


def appeal(person: str, sanction: str, words: str) -> str:
    return str(appeals.appeal(person=_user(person), sanction_id=uuid.UUID(sanction), words=words).pk)


def reports(reporter: str) -> list[str]:
    return list(Report.objects.filter(reporter=reporter).values_list("context", flat=True))


def evidence(reporter: str) -> list[dict[str, Any]]:
    """The messages of somebody's last report."""
    made = Report.objects.filter(reporter=reporter).latest("created_at")
    return list(made.evidence["messages"])


def blocked(blocker: str) -> list[str]:
    """Whom somebody blocks."""
    return [str(person) for person in Block.objects.filter(blocker=blocker).values_list("blocked", flat=True)]


def _user(pk: str) -> User:
    return User.objects.get(pk=pk)


def main() -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"answer": globals()[name](**arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    # Mails are printed by default; the answers need that channel for themselves.
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    main()
