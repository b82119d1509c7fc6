"""What ChatScape decides for allauth."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.actions import may_sign_up, take_invitation
from accounts.email_change import confirm, is_anothers
from accounts.invitations import forget, remembered
from accounts.models import User
from accounts.oidc.again import must_come_again, providers_to_ask
from accounts.standing import kept_out
from chat import events
from chatscape.rates import address_of

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Who may join, where sign-in leads, and what is mailed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return may_sign_up(remembered(request).code)

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths on this server: other hosts we trust have no business in `next`."""
        return url is not None and url.startswith("/") and url_has_allowed_host_and_scheme(url, None)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Count by the same address as all other limits; a request past the proxies is no error."""
        return address_of(request)

    def is_ajax(self, request: HttpRequest) -> bool:
        # allauth would answer with JSON that holds the whole page; ours are pages for everybody.
        return False

    def should_send_confirmation_mail(
        self, request: HttpRequest, email_address: EmailAddress, signup: bool
    ) -> bool:
        return bool(settings.CONFIRM_EMAIL)

    def get_login_stages(self) -> list[str]:
        own = {"allauth.account.stages.EmailVerificationStage": "accounts.confirmation.ConfirmationStage"}
        return [own.get(stage, stage) for stage in super().get_login_stages()]

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> None:
        """Say nothing yet of a closed account: who has not proved everything has no business to know."""

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign somebody in, whichever way they came, unless their account is closed."""
        if elsewhere := kept_out(request, user):
            raise ImmediateHttpResponse(elsewhere)
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Take the invitation that somebody with an account came with."""
        if code := remembered(request).code:
            take_invitation(user=user, code=code)
            forget(request)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Ask whether an address is theirs; somebody who has an account with it is told so instead.

        Whoever wants to change to it sees the same either way.
        """
        address = emailconfirmation.email_address
        if not signup and is_anothers(address):
            self.send_mail("account/email/email_taken", address.email, {"email": address.email})
        else:
            super().send_confirmation_mail(request, emailconfirmation, signup)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Let a confirmed address replace the one before."""
        confirmed = confirm(request, email_address)
        level, name = messages.SUCCESS, "account/messages/email_confirmed.txt"
        if not confirmed:
            level, name = messages.ERROR, "account/messages/email_confirmation_failed.txt"
        self.add_message(request, level, name, {"email": email_address.email})
        return confirmed

    def set_password(self, user: User, password: str) -> None:
        """Change a password; sockets of sessions that know the old one end."""
        super().set_password(user, password)
        events.password_changed(user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask those for more who sign in with a provider only: allauth would let them pass."""
        if must_come_again(self.request):
            raise ReauthenticationRequired
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Ask for codes last: those for recovery are few. A provider is asked if there is nothing else."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not methods and user.is_authenticated:
            return providers_to_ask(user)
        return sorted(methods, key=lambda method: method["id"] == "mfa_reauthenticate")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; a mail server that does not answer breaks no page.

        The account exists by then and the mail can be asked for again.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            # The error's text may hold the address, which is personal and not logged.
            logger.warning("A mail (%s) was not sent: %s", template_prefix, type(error).__name__)
            text = _("The mail could not be sent. Please try again later.")
            messages.error(context.get("request") or self.request, text)
