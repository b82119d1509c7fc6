"""Addresses whose owner has proved nothing."""

from allauth.account.models import EmailAddress
from django.db import models


class BelievedAddress(models.Model):
    """An address that counts as confirmed only because there was no mail server to confirm it.

    Whoever typed it may not own it: no provider's word about it leads into that account
    (`accounts.oidc.people`).
    """

    address = models.OneToOneField(EmailAddress, models.CASCADE, primary_key=True, related_name="believed")

    def __str__(self) -> str:
        return f"BelievedAddress {self.pk}"
