"""Say that an e-mail address really is that of the account that has it."""

from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.oidc.models import BelievedAddress


class Command(BaseCommand):
    """From now on the word of a provider about the address leads into the account."""

    help = "Confirm that the account with this e-mail address belongs to its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        address = (
            EmailAddress.objects.filter(email=email.strip().lower()).order_by("-verified", "-primary").first()
        )
        if address is None or not address.set_verified():
            raise CommandError("There is no account with this address.")
        BelievedAddress.objects.filter(address=address).delete()
        self.stdout.write("Confirmed.")
