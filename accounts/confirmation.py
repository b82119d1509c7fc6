"""Confirming the address before the first sign-in, where mail can prove that it is one's own."""

from allauth.account.stages import EmailVerificationStage
from django.conf import settings
from django.http import HttpResponse


class ConfirmationStage(EmailVerificationStage):
    """Hold a sign-in until its address is confirmed, as `CONFIRM_EMAIL` says at this moment.

    Signing up with an address that has an account comes here, too, without a person: it is answered like
    any other, and the owner of the address gets a mail.
    """

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if not settings.CONFIRM_EMAIL:
            return None, True
        answer: tuple[HttpResponse | None, bool] = super().handle()
        return answer
