"""Every page there is, in a state worth looking at."""

from dataclasses import dataclass

from chat.tests.browser.desk import Desk, Person


@dataclass(frozen=True)
class Place:
    """A page and who looks at it."""

    path: str
    person: Person | None = None
    # A page opened before, whose traces the session keeps.
    by_way_of: str = ""

    @property
    def looker(self) -> str:
        return self.person.name.split()[0] if self.person else "a visitor"


LOOKERS = ("a visitor", "Olivia", "Alice", "Bob", "Dave", "Frank")
LONG = "Supercalifragilisticexpialidocious" * 8
TALK = (
    (0, "Did you see the forecast for Saturday?"),
    (1, "Sun until four, then it pours"),
    (1, "So we start early"),
    (
        0,
        "Seven at the station? https://example.com/timetable/departures/saturday/platforms?from=here&to=there",
    ),
    (1, LONG),
    (0, "Two lines\nand a third:\n\n    indented"),
    (1, "🥾🌧️"),
)


def build(desk: Desk) -> dict[str, Place]:
    """Make the people, rooms and requests that the pages show."""
    (owner,) = desk.people("Olivia Ownerson", owner=True)
    alice, bob, carol, dave = desk.people("Alice", "Bob Birkenstock-Featherstonehaugh", "Carol", "Dave")
    room = desk("befriend", one=alice.id, other=bob.id)
    for who, text in TALK * 4:
        desk("say", author=(alice, bob)[who].id, room=room, body=text)
    desk("edit", author=alice.id, room=room, sequence=1, body="Did you see the new forecast?")
    desk("delete", author=bob.id, room=room, sequence=2)
    desk("edit", author=alice.id, room=room, sequence=25, body="Seven at the station!")
    desk("delete", author=bob.id, room=room, sequence=26)
    desk("read", reader=alice.id, room=room, sequence=99)
    desk("read", reader=bob.id, room=room, sequence=20)
    empty = desk("befriend", one=alice.id, other=carol.id)
    erin, *_ = desk.people("Erin")
    closed = desk("befriend", one=alice.id, other=erin.id)
    desk("say", author=erin.id, room=closed, body="Buy now!")
    desk("block", blocker=alice.id, person=erin.id)
    waiting = desk("ask", owner=alice.id, name="Grandmother", email="granny.with.a.long.name@example.com")
    desk("ask", owner=bob.id, name="Dave", email=dave.email, greeting="Hello Dave, remember me? " * 10)
    desk("ask", owner=carol.id, name="Dave", email=dave.email)
    desk("ask", owner=dave.id, name="Nobody", email="nobody.yet@example.com")
    (frank,) = desk.people("Frank")
    report = desk(
        "report", reporter=alice.id, room=room, sequence=7, reason="harassment", context="He never stops"
    )
    desk("decide", moderator=owner.id, report=report, decision="warn", reason="That was rude")
    contact = f"/contacts/{desk('contact', owner=alice.id, person=bob.id)}/"
    invitation = waiting["invitation"]
    return {
        "landing": Place("/"),
        "sign in": Place("/accounts/login/"),
        "sign up with an invitation": Place("/accounts/signup/", by_way_of=invitation),
        "sign up closed": Place("/accounts/signup/"),
        "join": Place(invitation),
        "join gone": Place("/join/nothing-of-that-kind/"),
        "reset": Place("/accounts/password/reset/"),
        "reset done": Place("/accounts/password/reset/done/"),
        "sign out": Place("/accounts/logout/", alice),
        "change password": Place("/accounts/password/change/", alice),
        "email": Place("/accounts/email/", alice),
        "inbox empty": Place("/", frank),
        "inbox with requests": Place("/", dave),
        "inbox with rooms": Place("/", bob),
        "room empty": Place(f"/rooms/{empty}/", alice),
        "room full": Place(f"/rooms/{room}/", alice),
        "room with unread messages": Place(f"/rooms/{room}/", bob),
        "room at a message": Place(f"/rooms/{room}/messages/4/", alice),
        "room closed": Place(f"/rooms/{closed}/", alice),
        "edit message": Place(f"/rooms/{room}/messages/4/edit/", alice),
        "delete message": Place(f"/rooms/{room}/messages/4/delete/", alice),
        "contacts": Place("/contacts/", alice),
        "contacts empty": Place("/contacts/", frank),
        "contacts not found": Place("/contacts/?q=nobody", alice),
        "add contact": Place("/contacts/new/", alice),
        "contact": Place(contact, alice),
        "contact waiting": Place(f"/contacts/{waiting['contact']}/", alice),
        "rename": Place(f"{contact}edit/", alice),
        "block": Place(f"{contact}block/", alice),
        "report": Place(f"{contact}reports/", alice),
        "report message": Place(f"/rooms/{room}/messages/5/report/", alice),
        "report conversation": Place(f"/rooms/{room}/report/", bob),
        "block from a message": Place(f"/rooms/{room}/messages/5/block/", alice),
        "reports": Place("/reports/", alice),
        "reports none": Place("/reports/", frank),
        "report decided": Place(f"/reports/{report}/", alice),
        "blocked": Place("/contacts/blocked/", alice),
        "blocked nobody": Place("/contacts/blocked/", frank),
        "profile": Place("/profile/", alice),
        "invitations": Place("/invitations/", owner),
        "install": Place("/install/"),
        "offline": Place("/offline/"),
        "not found": Place("/nothing/of/that/kind/", alice),
    }
