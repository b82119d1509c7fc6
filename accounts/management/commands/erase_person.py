"""Erase somebody everywhere, as they could themselves."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.erasing import erase_person
from accounts.models import User
from chat.errors import ChatError


class Command(BaseCommand):
    help = "Erase a person everywhere: account, messages, contacts, reports. Nobody can bring it back."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, email: str, yes: bool, **options: Any) -> None:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError("Nobody signs in with this address.")
        if not yes and input(f"Erase {person.name} everywhere? Type their address again: ") != person.email:
            raise CommandError("Nothing was erased.")
        try:
            erase_person(actor=None, person=person)
        except ChatError as error:
            raise CommandError(error.message) from error
        self.stdout.write("Erased. Backups made before still have them.")
