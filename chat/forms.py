"""What people type into pages, with the words that tell them what is wrong."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import EmailFormField, NameFormField, PresenceMixin
from chat.errors import ChatError
from chat.text import BODY_MOST, CONTEXT_MOST


class ContactForm(PresenceMixin, forms.Form):
    """Somebody to add."""

    name = NameFormField()
    email = EmailFormField()
    greeting = forms.CharField(
        label=_("Say hello (optional)"), max_length=500, required=False, widget=forms.Textarea
    )


class ContactNameForm(PresenceMixin, forms.Form):
    """What to call a contact."""

    name = NameFormField()


class MessageForm(forms.Form):
    """A message; its words are checked by the action, the same for forms and sockets."""

    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    body = forms.CharField(label=_("Message"), required=False, strip=False, widget=forms.Textarea)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The id is in the page, so that sending the plain form twice posts once.
        kwargs.setdefault("initial", {}).setdefault("client_id", uuid.uuid4())
        super().__init__(*args, **kwargs)
        self.fields["body"].widget.attrs["maxlength"] = BODY_MOST


class ReportForm(forms.Form):
    """What a reporter tells the moderators."""

    context = forms.CharField(label=_("Context"), required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["context"].widget.attrs["maxlength"] = CONTEXT_MOST


def refuse(form: forms.Form, error: ChatError) -> None:
    """Show what an action refused beside its field, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
