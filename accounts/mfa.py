"""Passkeys, authenticator apps and recovery codes: allauth's pages with our statuses, in our words.

Like those of `accounts.sign_in` they stand before allauth's own patterns, under the same names.
"""

import json
import time
from collections.abc import Callable
from functools import wraps
from textwrap import wrap
from typing import Any
from urllib.parse import quote

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.codes import RECOVERY_CODES, TOTP, codes_left, use_code
from accounts.models import User
from accounts.passkeys import PasskeysMixin
from accounts.sign_in import StatusMixin
from chat.sidebar import sidebar
from chatscape.answers import wants_json

WEBAUTHN = Authenticator.Type.WEBAUTHN


@require_safe
@signed_in
def security(request: SignedInRequest) -> HttpResponse:
    """Show all ways to sign in, and lead to where they are changed."""
    rows = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    kept = next((row for row in rows if row.type == RECOVERY_CODES), None)
    context = {
        **sidebar(request.user),
        "keys": [row.wrap() for row in rows if row.type == WEBAUTHN],
        "app": next((row for row in rows if row.type == TOTP), None),
        "recovery_codes": kept,
        "codes_left": codes_left(kept) if kept else 0,
        "address": request.user.emailaddress_set.filter(primary=True).first(),
        "has_password": request.user.has_usable_password(),
    }
    return render(request, "mfa/index.html", context)


def second_factor_first(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Send moderators and administrators who have no second factor to where they set one up.

    As far as `REQUIRE_MFA_FOR_STAFF` wants it.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = request.user
        if (
            settings.REQUIRE_MFA_FOR_STAFF
            and getattr(person, "is_staff", False)
            and not is_mfa_enabled(person)
        ):
            messages.error(
                request, _("Moderating needs a passkey or an authenticator app. Set one up first.")
            )
            return redirect("mfa_index")
        return view(request, *args, **kwargs)

    return checked


def _is_confirmed(user: User) -> bool:
    return user.emailaddress_set.filter(primary=True, verified=True).exists()


def _is_recent(request: HttpRequest, user: User) -> bool:
    """Say whether allauth can ask who is there, or somebody signed in a moment ago."""
    if get_adapter().get_reauthentication_methods(user):
        return True
    times = [record["at"] for record in get_authentication_records(request, user)]
    return bool(times) and time.time() - max(times) < app_settings.REAUTHENTICATION_TIMEOUT


class FirstMixin:
    """Add nothing to an account for whoever might not be its owner.

    - With an unconfirmed address: somebody who signed up with another's could lock its owner out for ever.
    - In a session left open by somebody who signs in with a provider only: there is nothing to ask them for.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            if not _is_confirmed(request.user):
                messages.error(request, _("Confirm your email first."))
                return redirect("account_email")
            if not _is_recent(request, request.user):
                messages.error(request, _("You signed in a while ago. Sign out and in again before this."))
                return redirect("mfa_index")
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


class UnkeptMixin:
    """Let no browser keep a page with a secret in it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        add_never_cache_headers(response)
        return response


class QuestionMixin(PasskeysMixin):
    """Put what a passkey is asked into the page as an attribute: there are no inline scripts."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        for options in context.get("js_data", {}).values():
            context["question"] = _as_json(options)
        # allauth forgets the form that was sent, and would look at it, and count it, once more.
        return context | kwargs


class AgainMixin:
    """Show a form with mistakes again, where allauth leads to the sign-in page."""

    def form_invalid(self, form: Form) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form))  # type: ignore[attr-defined]
        return page


def _as_json(options: Any) -> str:
    # What fido2 has made reads like a dictionary and is none.
    return json.dumps(options, default=dict)


# Signing in


class AuthenticateView(QuestionMixin, StatusMixin, base.AuthenticateView):
    """The second step of signing in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        held = Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True)
        return {**context, "held": set(held)}


class LoginPasskeyView(PasskeysMixin, StatusMixin, AgainMixin, webauthn.LoginWebAuthnView):
    """Sign in with a passkey and nothing else."""

    template_name = "mfa/webauthn/login.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wants_json(request):
            return JsonResponse(json.loads(_as_json(auth.begin_authentication(user=None))))
        page: HttpResponse = self.render_to_response(self.get_context_data())
        return page


# Confirming that it is still the same person


class ReauthenticateView(StatusMixin, base.ReauthenticateView):
    """Type a code before something serious."""


class ReauthenticatePasskeyView(QuestionMixin, StatusMixin, AgainMixin, webauthn.ReauthenticateWebAuthnView):
    """Use a passkey before something serious."""


# Passkeys


class AddPasskeyView(FirstMixin, QuestionMixin, StatusMixin, webauthn.AddWebAuthnView):
    """Add a passkey that the device finds by itself and that asks who is there."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        options = auth.begin_registration(self.request.user, passwordless=True)
        return {**context, "question": _as_json(options)}


class RenamePasskeyView(StatusMixin, webauthn.EditWebAuthnView):
    """Call a passkey something else."""

    success_url = reverse_lazy("mfa_index")


class RemovePasskeyView(StatusMixin, webauthn.RemoveWebAuthnView):
    """Remove a passkey."""

    success_url = reverse_lazy("mfa_index")


# Authenticator app


class ActivateTOTPView(FirstMixin, UnkeptMixin, StatusMixin, totp.ActivateTOTPView):
    """Set up an authenticator app."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        # In fours it is easier to type.
        return {**context, "secret": " ".join(wrap(context["form"].secret, 4))}

    def form_valid(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # The code that proved the app is no code to sign in with any more.
        use_code(self.request.user, form.cleaned_data["code"])
        return response


class DeactivateTOTPView(StatusMixin, totp.DeactivateTOTPView):
    """Do without the authenticator app."""


# Recovery codes


class RecoveryCodesView(UnkeptMixin, StatusMixin, recovery_codes.ViewRecoveryCodesView):
    """Show recovery codes, once."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if context["can_view_codes"]:
            text = "\n".join(context["unused_codes"])
            # No address of its own to fetch them from: they are in the page and nowhere else.
            context |= {"text": text, "file": f"data:text/plain;charset=utf-8,{quote(text)}"}
        return context


class RenewRecoveryCodesView(StatusMixin, recovery_codes.GenerateRecoveryCodesView):
    """Make new recovery codes; the old ones end."""
