"""allauth's pages, with statuses that say what happened.

allauth answers a form with mistakes with 200, as if all were well, so programs, htmx and the
browser's history cannot tell. These subclasses stand before allauth's own patterns in
`accounts.urls` under the same names: neither its flows nor a middleware has to be touched.
"""

from typing import Any

from allauth.account import views as allauth
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.forms import Form
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.invitations import remembered, usable_invitation
from accounts.passkeys import PasskeysMixin
from chat.errors import Conflict, Forbidden
from chatscape.context import first_run

# Seconds: allauth counts requests by the minute, failed passwords over five minutes, the rest by the hour.
RETRY_REQUEST, RETRY_PASSWORD, RETRY_RARE = 60, 300, 600


class StatusMixin:
    """Answer 422 for mistakes in a form and 429 with Retry-After for too many attempts."""

    # Whether allauth's answer to too many requests is the form again, and when to come back (seconds).
    keeps_words = False
    retry_after = RETRY_REQUEST

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if response.status_code == 429 and not response.has_header("Retry-After"):
            if self.keeps_words and request.method == "POST":
                response = self._kept()
            response["Retry-After"] = str(self.retry_after)
        return response

    def _kept(self) -> HttpResponse:
        """Show the form with what was typed, instead of a page that says no more than to wait."""
        form = self.get_form()  # type: ignore[attr-defined]
        # It counts as checked: checking it would be the attempt that was refused.
        form._errors, form.cleaned_data = ErrorDict(), {}
        form.add_error(None, _("That was a lot at once. Wait a moment and try again."))
        context = self.get_context_data(form=form)  # type: ignore[attr-defined]
        response: HttpResponse = self.render_to_response(context)  # type: ignore[attr-defined]
        response.status_code = 429
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        if _too_many(form):
            response.status_code = 429
            response["Retry-After"] = str(RETRY_PASSWORD)
        return response


def _too_many(form: Form) -> bool:
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    return not codes.isdisjoint({"too_many_login_attempts", "rate_limited"})


class FirstRunMixin:
    """Let the page say that the next to sign up is the owner."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "first_run": first_run()}  # type: ignore[misc]


class LoginView(StatusMixin, FirstRunMixin, PasskeysMixin, allauth.LoginView):
    """Sign in."""

    keeps_words = True


class SignupView(StatusMixin, FirstRunMixin, allauth.SignupView):
    """Sign up, as the owner, with an invitation, or because it is open."""

    keeps_words = True
    retry_after = RETRY_RARE

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()
        invitation = usable_invitation(remembered(self.request).code)
        if invitation and invitation.contact:
            initial |= {"email": invitation.contact.email, "name": invitation.contact.name}
        return initial

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except Forbidden:
            # Somebody else became the owner, or took the invitation, while the form was filled in.
            return self.closed()
        except Conflict as error:
            form.add_error(error.field or None, error.message)
            return self.form_invalid(form)
        return response

    def closed(self) -> HttpResponse:
        response: HttpResponse = super().closed()
        response.status_code = 403
        return response


class PasswordChangeView(StatusMixin, allauth.PasswordChangeView):
    """Change the password."""


class PasswordSetView(StatusMixin, allauth.PasswordSetView):
    """Set a first password: one more way in, so not for whoever finds a session left open."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise_if_reauthentication_required(request, app="allauth.account")
        return super().dispatch(request, *args, **kwargs)


class PasswordResetView(StatusMixin, allauth.PasswordResetView):
    """Ask for a mail to reset the password; the answer is the same for every address."""

    keeps_words = True
    retry_after = RETRY_RARE


class PasswordResetFromKeyView(StatusMixin, allauth.PasswordResetFromKeyView):
    """Reset the password with a mailed link."""


class ReauthenticateView(StatusMixin, allauth.ReauthenticateView):
    """Type the password again before something serious."""


class EmailView(StatusMixin, allauth.EmailView):
    """One's addresses: confirm, add, remove, choose."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["can_add_email"] = context["can_add_email"] and settings.CONFIRM_EMAIL
        context["waiting"] = any(not (it.primary or it.verified) for it in context["emailaddresses"])
        return context

    def _action_send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        address = self._get_email_address(request)
        if settings.CONFIRM_EMAIL and address and not address.verified:
            super()._action_send(request, *args, **kwargs)
            if not self._did_send_verification_email:
                messages.info(
                    request, _("A mail is on its way. Wait a few minutes before you ask for another.")
                )
        return None

    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        try:
            with transaction.atomic():
                response: HttpResponse | None = super()._action_primary(request, *args, **kwargs)
        except IntegrityError:
            # Somebody else signed up with it and has not confirmed it.
            messages.error(request, _("Another account uses this address."))
            return None
        return response
