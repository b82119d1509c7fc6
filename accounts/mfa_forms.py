"""What people type and what their devices answer, for passkeys and codes."""

import json
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode

from accounts.codes import use_code


class CodeField(forms.CharField):
    """A code of an authenticator app or a recovery code, with or without spaces in it."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__(label=_("Code"), max_length=40, widget=forms.TextInput(attrs=attrs), **kwargs)


class KeyNameField(forms.CharField):
    """What a person calls a passkey."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Name"), max_length=50, **kwargs)


def _not_right() -> ValidationError:
    return ValidationError(_("This code is not right, or it was used already."), code="incorrect_code")


class OneTimeMixin:
    """Take each code once."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        succeeded = check_rate_limit(self.user)
        code = str(self.cleaned_data["code"])
        found = use_code(self.user, code)
        if found is None:
            raise _not_right()
        self.authenticator = found
        succeeded()
        return code


class AuthenticateForm(OneTimeMixin, base.AuthenticateForm):
    code = CodeField()


class ReauthenticateForm(OneTimeMixin, base.ReauthenticateForm):
    code = CodeField()


class ActivateTOTPForm(totp.ActivateTOTPForm):
    code = CodeField()

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())
        except ValidationError as error:
            # The field is below the picture: the page opens where the mistake is.
            self.fields["code"].widget.attrs["autofocus"] = True
            raise (_not_right() if error.code == "incorrect_code" else error) from error


class AnswerMixin:
    """Refuse answers that were given elsewhere, or are none: the library breaks over those in many ways."""

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]
            if self.is_bound and "credential" in self.cleaned_data:  # type: ignore[attr-defined]
                self._check_origin()
        except (TypeError, ValueError, KeyError, AttributeError, LookupError):
            self.cleaned_data: dict[str, Any] = {}
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))  # type: ignore[attr-defined]

    def _check_origin(self) -> None:
        # The library takes subdomains and other ports for ours.
        answer = json.loads(self.data["credential"])["response"]  # type: ignore[attr-defined]
        said = json.loads(websafe_decode(answer["clientDataJSON"]))["origin"]
        request = context.request
        if said not in (f"{request.scheme}://{request.get_host()}", settings.PUBLIC_URL):
            raise ValueError


class AddPasskeyForm(AnswerMixin, webauthn.AddWebAuthnForm):
    """A new passkey. All of ours can do without a password, so nobody is asked whether this one shall."""

    name = KeyNameField(required=False, help_text=_("So that you know later which device it is on."))
    passwordless = None


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    name = KeyNameField()


class LoginPasskeyForm(AnswerMixin, webauthn.LoginWebAuthnForm):
    pass


class AuthenticatePasskeyForm(AnswerMixin, webauthn.AuthenticateWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(AnswerMixin, webauthn.ReauthenticateWebAuthnForm):
    pass
