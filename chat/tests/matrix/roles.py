"""Who asks, and the small world they ask about."""

from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.test import Client

from accounts.models import Device, User
from accounts.tests.keys import add_passkey
from accounts.tests.people import make_user
from chat.actions.contacts import add_contact, block_person
from chat.actions.reports import report_person
from chat.models import Sanction
from chat.tests.situations import befriend, client_of, contact_of, say

# In rows, the last is whose it is: who wrote it, added it, reported it.
ROLES = ("visitor", "suspended", "stranger", "moderator", "admin", "owner", "blocked", "member", "author")
SIGNED_IN = ROLES[2:]
# Outside of the admin site nobody may do more because of a role; who is suspended is a visitor; who is
# blocked may do what any member may, and is not told.
LIKE = {
    "suspended": "visitor",
    "moderator": "stranger",
    "admin": "stranger",
    "owner": "stranger",
    "blocked": "member",
}
PLACES = ("visitor", "stranger", "member", "author")
STAFF = ("moderator", "admin", "owner")
RUN_THE_SERVER = ("admin", "owner")
SECRET = "private words"
# Passkeys work here.
HOST = "localhost"
# No row has it.
X = "00000000-0000-4000-8000-000000000000"


@dataclass
class World:
    """What alice has: a room with bob, who is a member, a request of dave's, and erin, whom she blocks."""

    room: UUID
    contact: UUID
    waiting: UUID
    code: str
    request: UUID
    erin: UUID
    report: UUID
    warning: UUID
    device: UUID
    passkey: int
    people: dict[str, User]
    browsers: dict[str, Client] = field(default_factory=dict)
    # The same as somebody blocked is part of it.
    beside: "World | None" = None

    def seen_by(self, role: str) -> "World":
        return self.beside if role == "blocked" and self.beside else self

    def browser(self, role: str, **options: Any) -> Client:
        """Return the browser of somebody, signed in once."""
        if role == "visitor":
            return Client(SERVER_NAME=HOST, **options)
        key = f"{role} {options}"
        if key not in self.browsers:
            self.browsers[key] = _just_signed_in(self.people[role], **options)
        return self.browsers[key]

    @classmethod
    def build(cls, alice: User, bob: User, mallory: User) -> Self:
        dave, erin = make_user("Dave"), make_user("Erin")
        rooms = {name: befriend(alice, person) for name, person in (("bob", bob), ("erin", erin))}
        for room in rooms.values():
            say(alice, room, SECRET)
        reports = {
            name: report_person(
                reporter=alice, contact_id=contact_of(alice, person).id, reason="other", context="rude"
            ).id
            for name, person in (("bob", bob), ("erin", erin))
        }
        block_person(blocker=alice, contact_id=contact_of(alice, erin).id)
        waiting = add_contact(owner=alice, name="Zoe", email="zoe@example.org")
        assert waiting.invitation
        roles = [(role, make_user(role.title(), role=role)) for role in STAFF]
        suspended = make_user("Sue", is_active=False)
        world = cls(
            room=rooms["bob"].id,
            contact=contact_of(alice, bob).id,
            waiting=waiting.id,
            code=waiting.invitation.code,
            request=add_contact(owner=dave, name="Alice", email=alice.email).id,
            erin=erin.id,
            report=reports["bob"],
            warning=Sanction.objects.create(person=alice, kind="warning", reason=SECRET).id,
            passkey=_passkey_of(alice),
            device=_device_of(alice),
            people={
                **dict(roles),
                "suspended": suspended,
                "stranger": mallory,
                "blocked": erin,
                "member": bob,
                "author": alice,
            },
        )
        world.beside = replace(
            world, room=rooms["erin"].id, contact=contact_of(alice, erin).id, report=reports["erin"]
        )
        return world


def _just_signed_in(person: User, **options: Any) -> Client:
    """Return the browser of somebody whom no page asks for the password again: that must not let them in."""
    client = client_of(person, SERVER_NAME=HOST, **options)
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, person, "password", reauthenticated=True)
    request.session.save()
    return client


def _passkey_of(person: User) -> int:
    add_passkey(_just_signed_in(person), name=SECRET)
    return Authenticator.objects.get(user=person, type="webauthn").pk


def _device_of(person: User) -> UUID:
    return Device.objects.filter(person=person).latest("signed_in_at").id
