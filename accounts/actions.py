"""Joining: signing up, taking an invitation, and making the server's link."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.invitations import usable_invitation, was_taken
from accounts.models import Role, User
from accounts.oidc.models import BelievedAddress
from chat import events
from chat.errors import Conflict, Forbidden
from chat.models import Block, Contact, Invitation
from chat.sharing import everybody_with


def may_sign_up(code: str) -> bool:
    """Say whether a visitor with this invitation, or none, may make an account now."""
    return settings.SIGN_UP == "open" or bool(usable_invitation(code)) or not User.objects.exists()


def has_account(email: str) -> bool:
    """Say whether an address belongs to somebody: it is how they sign in, or they have confirmed it."""
    confirmed = EmailAddress.objects.filter(email=email, verified=True)
    return User.objects.filter(email=email).exists() or confirmed.exists()


def sign_up(*, name: str, email: str, password: str, code: str = "", proved: bool = False) -> User:
    """Make an account; `name` and `email` have been checked, `email` is in lower case.

    1. The first person ever becomes the owner. Of two at the same moment the database lets one
       through; the other is tried again as anybody else.
    2. Everybody else needs an invitation, which is taken in the same transaction, unless sign-up
       is open.
    3. The address is confirmed when nobody has to confirm theirs, or when `proved`: the
       invitation was opened from the mail sent to this address.

    Raises `Forbidden` without a right to sign up, `Conflict` when the address has an account.
    """
    # Hashing is slow on purpose. Inside the transaction it would keep every writer of SQLite waiting.
    user = User(name=name, email=email, password=make_password(password))
    try:
        return _join(user, code, proved)
    except IntegrityError as error:
        if has_account(email):
            raise Conflict(_("this email has an account already"), field="email") from error
        return _join(user, code, proved)


@transaction.atomic
def _join(user: User, code: str, proved: bool) -> User:
    first = not User.objects.exists()
    user.role = Role.OWNER if first else Role.MEMBER
    invitation = usable_invitation(code)
    contact = invitation.contact if invitation else None
    mailed = proved and contact is not None and contact.email == user.email
    User.objects.add(user, verified=mailed or not settings.CONFIRM_EMAIL)
    if not (mailed or settings.CONFIRM_EMAIL):
        BelievedAddress.objects.create(address=user.emailaddress_set.get())
    taken = take_invitation(user=user, code=code)
    if not (first or taken or settings.SIGN_UP == "open"):
        raise Forbidden(_("Signing up is by invitation now."))
    return user


@transaction.atomic
def take_invitation(*, user: User, code: str) -> bool:
    """Let the inviter's request reach `user`, who decides about it; taking again is harmless.

    A contact's link is for one person: of several at the same moment one takes it. The server's
    link makes the newcomer a waiting contact of the inviter.
    Returns whether the link worked: not the inviter's own, not expired, not taken by another.
    """
    if was_taken(user=user, code=code):
        return True
    invitation = usable_invitation(code)
    if invitation is None or invitation.inviter == user:
        return False
    if Block.objects.filter(blocker=invitation.inviter, blocked=user).exists():
        return False
    if invitation.contact is None:
        _ask_newcomer(invitation.inviter, user)
    # The condition is on the row itself, so the database checks it again after waiting for a rival.
    elif not Invitation.objects.filter(pk=invitation.pk, joined=None).update(joined=user):
        return False
    events.inbox_changed(user)
    return True


def pass_on_invitation(*, email: str, code: str) -> None:
    """Give the link for one person to whoever has this address, who was signed up with it once more.

    A link that still worked would tell that there was an account already; so it says as little as one that
    was taken by a newcomer, and reaches the person who was meant.
    """
    invitation, user = usable_invitation(code), User.objects.filter(email=email).first()
    if user and invitation and invitation.contact:
        take_invitation(user=user, code=code)


def _ask_newcomer(inviter: User, user: User) -> None:
    """Make `user` a waiting contact of `inviter`, who shared the server's link with them."""
    contact, made = Contact.objects.get_or_create(
        owner=inviter, email=user.email, defaults={"name": user.name}
    )
    # A contact that waited for this address may have a greeting meant for its owner alone: it is
    # shown when the address is confirmed, not to whoever signs up with it.
    if made:
        Invitation.objects.create(inviter=inviter, contact=contact, joined=user)
        events.inbox_changed(inviter)


@transaction.atomic
def save_profile(person: User, *, shown: bool) -> None:
    """Save what others see of somebody; `shown` when what they show of themselves is not what it was."""
    person.save(update_fields=["name", "intro", "shows_presence", "shows_receipts"])
    if shown:
        events.sharing_changed(person.id, *everybody_with(person))


@transaction.atomic
def renew_server_link(*, actor: User) -> Invitation:
    """Make a new link for anybody; the actor's earlier ones stop working.

    Raises `Forbidden` unless the actor runs the server.
    """
    # Two at the same moment wait for each other, else the first one's link would stay alive unseen.
    actor = User.objects.select_for_update().get(pk=actor.pk)
    if not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may do this."))
    revoke_server_links(inviter=actor)
    return Invitation.objects.create(inviter=actor)


def revoke_server_links(*, inviter: User) -> None:
    """End the links that `inviter` made for anybody."""
    links = Invitation.objects.filter(inviter=inviter, contact=None, expires_at__gt=timezone.now())
    links.update(expires_at=timezone.now())
