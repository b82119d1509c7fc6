"""The invitation that a visitor came with, kept in their session until they have joined."""

from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest

from accounts.models import User
from chat.models import Contact, Invitation
from chat.models.invitation import LIFETIME

SESSION_KEY = "invitation"
PROOF_SALT = "accounts.invitations.mail"


class Remembered(NamedTuple):
    """An invitation's code, and whether it was opened from the mail sent to the invited address."""

    code: str = ""
    proved: bool = False


def mail_proof(code: str) -> str:
    """Return what a mailed link carries besides its code: who shows it has read the mail.

    It goes only to the invited address, never on a page: the inviter must not be able to use it.
    """
    return signing.dumps(code, salt=PROOF_SALT)


def is_mail_proof(proof: str, code: str) -> bool:
    """Say whether `proof` was mailed with this invitation while it lasted."""
    try:
        return bool(signing.loads(proof, salt=PROOF_SALT, max_age=LIFETIME) == code)
    except signing.BadSignature:
        return False


def usable_invitation(code: str) -> Invitation | None:
    """Return the invitation if it still works, with its inviter and contact."""
    found = Invitation.objects.usable().filter(code=code) if code else Invitation.objects.none()
    return found.select_related("inviter", "contact").first()


def was_taken(*, user: User, code: str) -> bool:
    """Say whether this link, or the server's link of the same inviter, has reached `user` already."""
    invitation = Invitation.objects.filter(code=code).first()
    if invitation is None:
        return False
    if invitation.contact_id:
        return invitation.joined_id == user.pk
    met = Contact.objects.filter(owner=invitation.inviter_id)
    return met.filter(Q(person=user) | Q(invitation__joined=user)).exists()


def server_link(user: User) -> Invitation | None:
    """Return the newest link of `user` for anybody that still works."""
    links = Invitation.objects.usable().filter(inviter=user, contact=None)
    return links.order_by("-created_at", "-pk").first()


def remember(request: HttpRequest, code: str, *, proved: bool) -> None:
    """Keep the code for when the visitor signs up or in; a proof once shown stays."""
    before = remembered(request)
    proved = proved or (before.proved and before.code == code)
    request.session[SESSION_KEY] = {"code": code, "proved": proved}


def remembered(request: HttpRequest) -> Remembered:
    """Return what `remember` kept, or an empty code."""
    return Remembered(**request.session.get(SESSION_KEY, {}))


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def link_url(request: HttpRequest, invitation: Invitation) -> str:
    """Return the whole address to copy and send, without a proof."""
    path = invitation.get_absolute_url()
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
