"""The providers that one can sign in with: connect them, and disconnect them, but not the last way in."""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, signed_in
from accounts.models import User
from accounts.oidc.people import tell


def has_local_way_in(person: User) -> bool:
    """Say whether somebody can sign in without a provider."""
    passkeys = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN)
    return bool(settings.LOCAL_ACCOUNTS) and (person.has_usable_password() or passkeys.exists())


def check_not_last(account: SocialAccount) -> None:
    """Raise `ValidationError` when nothing else lets the person in."""
    ids = [each.id for each in settings.OIDC_PROVIDERS]
    others = SocialAccount.objects.filter(user=account.user, provider__in=ids).exclude(pk=account.pk)
    if not (others.exists() or has_local_way_in(account.user)):
        raise ValidationError(_("This is your only way to sign in."))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def connections(request: SignedInRequest) -> HttpResponse:
    """Which providers let the person in; a form disconnects one of them."""
    if request.method == "POST":
        account = get_object_or_404(SocialAccount, user=request.user, pk=_number(request.POST.get("account")))
        raise_if_reauthentication_required(request, app="allauth.socialaccount")
        try:
            check_not_last(account)
        except ValidationError as error:
            return _page(request, error=str(error.message), status=422)
        account.delete()
        tell(request, "account_disconnected", request.user, _names().get(account.provider, account.provider))
        messages.success(request, _("Disconnected."))
        return redirect("socialaccount_connections")
    return _page(request)


def _page(request: SignedInRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    accounts = list(SocialAccount.objects.filter(user=request.user).order_by("pk"))
    names = _names()
    rows = [
        {
            "pk": each.pk,
            "name": names.get(each.provider, each.provider),
            "email": each.extra_data.get("email"),
        }
        for each in accounts
    ]
    connected = {account.provider for account in accounts}
    others = [each for each in settings.OIDC_PROVIDERS if each.id not in connected]
    context: dict[str, Any] = {"rows": rows, "others": others, "error": error}
    return render(request, "socialaccount/connections.html", context, status=status)


def _names() -> dict[str, str]:
    return {each.id: each.name for each in settings.OIDC_PROVIDERS}


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 10 else 0
