"""The account that somebody gets who comes from a provider."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.actions import has_account, may_sign_up, take_invitation
from accounts.invitations import Remembered, forget, remembered, usable_invitation
from accounts.models import Role, User
from accounts.oidc.config import ProviderConfig
from accounts.oidc.identity import Identity
from accounts.oidc.models import BelievedAddress
from accounts.oidc.problems import Kind, Problem
from chat.errors import Filtered
from chat.filters import check_name


def person_for(
    request: HttpRequest, account: SocialAccount, identity: Identity, provider: ProviderConfig
) -> SocialAccount:
    """Return `account`, which is new, with its person: somebody who is here already, or a newcomer.

    1. Who is known under a name that this provider had before is known under the new one.
    2. An account here with the same address is theirs when the provider has verified the address and its
       owner here has proved it. Otherwise nobody is signed in: it could be somebody else's.
    3. A newcomer joins as the provider's settings or an invitation allow. The first person ever becomes the
       owner.

    Raises `Problem`.
    """
    if renamed := _renamed(account):
        return renamed
    if not identity.email:
        raise Problem(Kind.NO_EMAIL, "no e-mail for a newcomer")
    invited = remembered(request)
    try:
        made, linked = _account(account, identity, provider, invited)
    except IntegrityError:
        # Somebody else was first: to be the owner, with this address, or the same person in another tab.
        theirs = SocialAccount.objects.filter(provider=account.provider, uid=account.uid).first()
        made, linked = (theirs, False) if theirs else _account(account, identity, provider, invited)
    if linked:
        tell(request, "account_connected", made.user, provider.name)
    if invited.code:
        forget(request)
    address = made.user.emailaddress_set.filter(email=identity.email).first()
    if settings.CONFIRM_EMAIL and address and not address.verified:
        address.send_confirmation(request, signup=True)
    return made


def tell(request: HttpRequest, what: str, person: User, provider: str) -> None:
    """Mail somebody that a provider was connected with their account, or disconnected."""
    get_adapter(request).send_notification_mail(f"socialaccount/email/{what}", person, {"provider": provider})


def prove(person: User, identity: Identity) -> None:
    """Note that the address of a person here is really theirs, as their provider has verified it."""
    if not identity.email_verified:
        return
    for address in person.emailaddress_set.filter(email=identity.email):
        if address.set_verified():
            BelievedAddress.objects.filter(address=address).delete()


@transaction.atomic
def _account(
    account: SocialAccount, identity: Identity, provider: ProviderConfig, invited: Remembered
) -> tuple[SocialAccount, bool]:
    """Save the account and return it, and whether its person was here before."""
    known = _known(identity)
    person = known or _newcomer(identity, provider, invited)
    made: SocialAccount = SocialAccount.objects.create(
        user=person, provider=account.provider, uid=account.uid, extra_data=account.extra_data
    )
    return made, known is not None


def _renamed(account: SocialAccount) -> SocialAccount | None:
    """Return the account that somebody has under a name that the operator has given up."""
    names = [each.id for each in settings.OIDC_PROVIDERS]
    found: SocialAccount | None = (
        SocialAccount.objects.filter(uid=account.uid).exclude(provider__in=names).first()
    )
    if found:
        found.provider, found.extra_data = account.provider, account.extra_data
        found.save(update_fields=["provider", "extra_data", "last_login"])
    return found


def _known(identity: Identity) -> User | None:
    """Return who has proved to own the address, if the provider has verified it, too."""
    proved = EmailAddress.objects.filter(email=identity.email, verified=True, believed=None).first()
    if proved and identity.email_verified:
        person: User = proved.user
        return person
    if has_account(identity.email):
        raise Problem(Kind.TAKEN, "the e-mail has an account, and one side has not verified it")
    return None


def _newcomer(identity: Identity, provider: ProviderConfig, invited: Remembered) -> User:
    if not (provider.open or may_sign_up(invited.code)):
        raise Problem(Kind.CLOSED, "a newcomer without an invitation")
    first = not User.objects.exists()
    # Where groups say who runs the server, nobody else becomes its owner by being early.
    owns = first and (not provider.admin_groups or bool(provider.admin_groups & identity.groups))
    invitation = usable_invitation(invited.code)
    contact = invitation.contact if invitation else None
    mailed = invited.proved and contact is not None and contact.email == identity.email
    person = User(
        email=identity.email,
        name=_allowed(identity.name),
        password=make_password(None),
        role=Role.OWNER if owns else Role.MEMBER,
    )
    User.objects.add(person, verified=identity.email_verified or mailed)
    take_invitation(user=person, code=invited.code)
    return person


def _allowed(name: str) -> str:
    """Return a provider's name for somebody unless a filter here refuses it: they can choose another."""
    try:
        check_name(name)
    except Filtered:
        return _("New here")
    return name
