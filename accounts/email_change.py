"""Changing one's address: the new one replaces the old when a mail to it has been answered."""

from typing import Any

from allauth.account import forms as allauth
from allauth.account import signals
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.manage_email import emit_email_changed
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.fields import EmailFormField
from accounts.models import User


class ChangeEmailForm(allauth.AddEmailForm):
    """Another address instead of one's own, where mail can prove that it is."""

    email = EmailFormField(label=_("New email"))

    def clean_email(self) -> str:
        # Believed addresses would let anybody collect the requests meant for somebody else.
        if not settings.CONFIRM_EMAIL:
            raise ValidationError(_("This server cannot send mail to confirm another address."))
        email = self.cleaned_data["email"]
        if self.user.emailaddress_set.filter(email=email).filter(Q(primary=True) | Q(verified=True)).exists():
            raise ValidationError(_("This is your email already."))
        return str(email)

    def save(self, request: HttpRequest) -> EmailAddress:
        """Write to the new address; one that was waiting is forgotten."""
        with transaction.atomic():
            self.user.emailaddress_set.filter(primary=False, verified=False).delete()
            address = self.user.emailaddress_set.create(email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class ResetPasswordForm(allauth.ResetPasswordForm):
    """Ask for a way back in. An address that waits for its confirmation may be a stranger's: it is none.

    Those whose account is closed may ask, too: another password leads them to why it is, and not in.
    """

    def clean_email(self) -> str:
        email = str(super().clean_email())
        self.users = filter_users_by_email(email, prefer_verified=True)
        own = Q(primary=True) | Q(verified=True)
        owners = EmailAddress.objects.filter(own, email=email.lower()).values_list("user", flat=True)
        self.users = [user for user in self.users if user.pk in owners]
        return email


def is_anothers(address: EmailAddress) -> bool:
    """Say whether somebody else has an account with this address."""
    others = EmailAddress.objects.filter(Q(primary=True) | Q(verified=True), email=address.email)
    return bool(others.exclude(user=address.user_id).exists())


def confirm(request: HttpRequest, address: EmailAddress) -> bool:
    """Confirm an address; unless it is the main one already, it becomes that, and the old one goes.

    Returns whether it is theirs now: another account may have confirmed it before.
    """
    try:
        before = _replace(address)
    except IntegrityError:
        return False
    signals.email_confirmed.send(sender=EmailAddress, request=request, email_address=address)
    # One that was never confirmed may be a stranger's, who need not know.
    if before and before.verified:
        emit_email_changed(request, before, address)
    return True


@transaction.atomic
def _replace(address: EmailAddress) -> EmailAddress | None:
    # Of two links at the same moment the second waits.
    person: Any = User.objects.select_for_update().get(pk=address.user_id)
    before = person.emailaddress_set.filter(primary=True).exclude(pk=address.pk).first()
    old = Q(primary=True) | Q(verified=False)
    person.emailaddress_set.filter(old).exclude(pk=address.pk).delete()
    address.verified = address.primary = True
    address.save(force_update=True)
    User.objects.filter(pk=person.pk).update(email=address.email)
    return before
