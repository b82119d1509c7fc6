"""What people type about themselves."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account import forms as allauth
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions import sign_up
from accounts.fields import EmailFormField, NameFormField, PresenceMixin
from accounts.invitations import remembered
from accounts.models import User

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[User]
else:
    ModelForm = forms.ModelForm


class SignupForm(PresenceMixin, allauth.SignupForm):
    """Email, name and password; who somebody becomes is decided by `accounts.actions.sign_up`."""

    email = EmailFormField()
    name = NameFormField()
    field_order = ("email", "name", "password1")

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


class AddEmailForm(allauth.AddEmailForm):
    """Another address of one's own, where mail can prove that it is."""

    def clean_email(self) -> str:
        # Believed addresses would let anybody collect the requests meant for somebody else.
        if not settings.CONFIRM_EMAIL:
            raise ValidationError(_("This server cannot send mail to confirm another address."))
        return str(super().clean_email())


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
