"""What people type about themselves."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account import forms as allauth
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actions import has_account, pass_on_invitation, sign_up
from accounts.fields import EmailFormField, NameFormField, PresenceMixin
from accounts.invitations import remembered
from accounts.models import User
from chat.errors import Conflict, Filtered
from chat.filters import check_name, passing

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[User]
else:
    ModelForm = forms.ModelForm


class SignupForm(PresenceMixin, allauth.SignupForm):
    """Email, name and password; who somebody becomes is decided by `accounts.actions.sign_up`."""

    email = EmailFormField()
    name = NameFormField()
    field_order = ("email", "name", "password1")

    def clean_name(self) -> str:
        return _shown_name(self.cleaned_data["name"])

    def validate_unique_email(self, value: str) -> str:
        """Notice an account with this address, and say nothing: what to answer is decided later."""
        self.account_already_exists = has_account(value)
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Make the account, or answer as if it had been made: nobody learns who has one (docs/decisions.md).

        Raises what `sign_up` raises; `Conflict` where no mail could tell the owner of the address.
        """
        if not self.account_already_exists:
            try:
                return self.save(request), None
            except Conflict:
                # Somebody else signed up with it at the same moment.
                self.account_already_exists = True
        else:
            # What takes longest of signing up.
            make_password(self.cleaned_data["password1"])
        if not settings.CONFIRM_EMAIL:
            raise Conflict(
                gettext("No account was made. If you have one already, sign in, or try another email.")
            )
        pass_on_invitation(email=self.cleaned_data["email"], code=remembered(request).code)
        answer: tuple[None, HttpResponse] = super().try_save(request)
        return answer

    def save(self, request: HttpRequest) -> User:
        """Make the account. Raises what `sign_up` raises."""
        invited = remembered(request)
        return sign_up(
            name=self.cleaned_data["name"],
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            code=invited.code,
            proved=invited.proved,
        )


def _shown_name(name: str) -> str:
    """Return a name that everybody may see."""
    try:
        check_name(name)
    except Filtered as error:
        raise forms.ValidationError(error.message) from error
    return name


class TextFormField(forms.CharField):
    """Several lines; a line break, which browsers count once and send as two characters, is one."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class ProfileForm(PresenceMixin, ModelForm):
    """What others see of a person."""

    name = NameFormField()
    intro = TextFormField(
        label=_("About you"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    class Meta:
        model = User
        fields = ("name", "intro", "shows_presence", "shows_receipts")
        help_texts: ClassVar = {
            "shows_presence": _(
                "People you have a conversation with see a green dot. If you hide yours, you see none."
            ),
            "shows_receipts": _(
                "People see which of their messages you have seen. If you hide it, you do not see it either."
            ),
        }

    def clean_name(self) -> str:
        return _shown_name(self.cleaned_data["name"])

    def clean_intro(self) -> str:
        try:
            return passing(self.cleaned_data["intro"], field="intro")
        except Filtered as error:
            raise forms.ValidationError(error.message) from error
