"""Let somebody in again who has lost their phone, their keys and their recovery codes."""

import argparse
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from chat.actions.audit import record


class Command(BaseCommand):
    help = (
        "Remove somebody's passkeys, authenticator app and recovery codes. Make sure first that it is them."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", help="the address they sign in with")

    @transaction.atomic
    def handle(self, *args: Any, email: str, **options: Any) -> None:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError("Nobody signs in with this address.")
        rows = Authenticator.objects.filter(user=person)
        kinds = sorted(rows.values_list("type", flat=True))
        if not kinds:
            raise CommandError("There is nothing to remove.")
        rows.delete()
        record(actor=None, action="person.second_factor_removed", subject=person, before={"kinds": kinds})
        self.stdout.write("Removed. From now on the password, or the provider, is enough.")
