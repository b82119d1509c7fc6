"""The people somebody wants to talk with."""

import re
import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.names import initials, validate_name
from chat.models.block import Block


def containing(field: str, text: str) -> Q:
    """Match rows whose `field` contains `text`, whatever the case of any letter.

    SQLite's LIKE folds the case of A to Z alone; regular expressions fold all letters on both databases.
    """
    return Q(**{f"{field}__iregex": re.escape(text)})


class ContactQuerySet(models.QuerySet["Contact"]):
    def of(self, user: User) -> "ContactQuerySet":
        """Contacts that `user` made: nobody else ever sees them."""
        return self.filter(owner=user)

    def waiting(self) -> "ContactQuerySet":
        return self.filter(person=None)

    def requests_to(self, user: User) -> "ContactQuerySet":
        """Requests that `user` may answer: those that reached them, but from somebody they block."""
        blocked = Block.objects.filter(blocker=user, blocked=OuterRef("owner"))
        return self.that_reached(user).exclude(Exists(blocked))

    def that_reached(self, user: User) -> "ContactQuerySet":
        """Requests addressed to a confirmed address of `user`, or brought along by their invitation
        link: also those of somebody they have blocked since."""
        confirmed = user.emailaddress_set.filter(verified=True).values(address=Lower("email"))
        return (
            self.waiting()
            .filter(Q(email__in=confirmed) | Q(invitation__joined=user))
            .exclude(owner=user)
            .filter(owner__is_active=True)
            .select_related("owner")
            .distinct()
        )

    def matching(self, text: str) -> "ContactQuerySet":
        """Those whose name or address contains `text`, whatever the case."""
        return self.filter(containing("name", text) | containing("email", text))


class Contact(models.Model):
    """Somebody its owner added by name and e-mail.

    Until the other side accepts, `person` is empty, whether or not an account with that address
    exists: so adding a contact tells nobody who is registered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contacts")
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="known_by")
    email = models.EmailField(_("email"), max_length=254, db_index=True)
    name = models.CharField(_("name"), max_length=50, validators=[validate_name])
    greeting = models.CharField(_("greeting"), max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[ContactQuerySet] = ContactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "email"], name="chat_contact_once"),
            models.UniqueConstraint(
                fields=["owner", "person"], condition=Q(person__isnull=False), name="chat_contact_person_once"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="chat_contact_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("contact", args=[self.id])

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def hue(self) -> int:
        """The colour of the generated avatar: the person's own, once they have accepted."""
        shown: uuid.UUID = self.person_id or self.id
        return shown.int % 12
