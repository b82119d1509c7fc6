"""Links that let somebody join."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models.contact import Contact

LIFETIME = timedelta(days=14)


def new_code() -> str:
    """128 bits that nobody can guess."""
    return secrets.token_urlsafe(16)


def expiry() -> datetime:
    return timezone.now() + LIFETIME


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> "InvitationQuerySet":
        """Links that still work: not expired, and a contact's link only until somebody joined with it."""
        return self.filter(expires_at__gt=timezone.now(), inviter__is_active=True).filter(
            Q(contact=None) | Q(joined=None)
        )


class Invitation(models.Model):
    """An unguessable link to join this server.

    With a contact it is for one person and ends when they join; without, it is the server's link
    for anybody it is given to.
    """

    code = models.CharField(max_length=22, unique=True, default=new_code, editable=False)
    inviter = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    contact = models.OneToOneField(Contact, null=True, on_delete=models.CASCADE, related_name="invitation")
    joined = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="joined_with")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=expiry)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"invitation {self.pk} by {self.inviter_id}"

    def get_absolute_url(self) -> str:
        return reverse("join", args=[self.code])
