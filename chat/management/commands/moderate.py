"""Close or open somebody's account, or change their role, from a shell on the server."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role, User
from chat.actions.moderation import set_active, set_role
from chat.errors import ChatError

ROLES = [role.value for role in Role if role != Role.OWNER]


class Command(BaseCommand):
    """Do to a person what the admin site does, without a person who does it."""

    help = "Ban somebody, lift what closes their account, or change their role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--ban", action="store_true", help="close the account; they read the reason")
        what.add_argument("--lift", action="store_true", help="open the account, whatever has closed it")
        what.add_argument("--role", choices=ROLES, help="what they may do on this server")
        parser.add_argument("--reason", default="", help="needed to ban and to lift")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=options["email"].strip().lower()).first()
        if person is None:
            raise CommandError("Nobody has this address.")
        try:
            if options["role"]:
                set_role(actor=None, person=person, role=options["role"])
            else:
                set_active(actor=None, person=person, active=options["lift"], reason=options["reason"])
        except ChatError as error:
            raise CommandError(error.message) from error
        self.stdout.write("Done.")
