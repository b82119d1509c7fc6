"""alice owns the server, mona and milo are moderators, ada is an administrator; bob reports mallory."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models import Report, Room


@pytest.fixture
def alice(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Alice", role="owner")


@pytest.fixture
def ada(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Ada", role="admin")


@pytest.fixture
def mona(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Mona", role="moderator")


@pytest.fixture
def milo(db: None) -> "User":
    from accounts.tests.people import make_user

    return make_user("Milo", role="moderator")


@pytest.fixture
def their_room(bob: "User", mallory: "User") -> "Room":
    """The conversation that is reported: mallory says 1, 2 and 4, bob 3."""
    from chat.tests.situations import befriend, say

    room = befriend(bob, mallory)
    for author, words in ((mallory, "one"), (mallory, "nasty"), (bob, "stop it"), (mallory, "four")):
        say(author, room, words)
    return room


@pytest.fixture
def report(bob: "User", mallory: "User", their_room: "Room") -> "Report":
    """bob's report about mallory, which shows the first three messages."""
    return report_about(mallory, by=bob, room=their_room)


def report_about(subject: "User", *, by: "User", room: "Room | None" = None, **fields: Any) -> "Report":
    from chat.models import Report

    shown = room.messages.filter(sequence__lte=3) if room else ()
    messages = [
        {
            "sequence": one.sequence,
            "author": str(one.author_id),
            "body": one.body,
            "picked": one.sequence == 2,
        }
        for one in shown
    ]
    evidence = {"name": subject.name, "messages": messages}
    return Report.objects.create(
        reporter=by, subject=subject, room=room, context="rude words", evidence=evidence, **fields
    )


def decide(
    actor: "User", report: "Report", decision: str, reason: str = "Insults", **fields: Any
) -> "Report":
    from chat.actions import moderation

    return moderation.decide(actor=actor, report_id=report.id, decision=decision, reason=reason, **fields)
