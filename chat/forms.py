"""What people type into pages, with the words that tell them what is wrong."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from accounts.fields import EmailFormField, NameFormField, PresenceMixin
from chat.errors import ChatError
from chat.models import Reason
from chat.text import BODY_MOST, CONTEXT_MOST


class WordsField(forms.CharField):
    """Words that an action tidies and checks, the same for forms and sockets: none are refused here."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        # Django refuses null characters; the action leaves them out.
        self.validators = [
            rule for rule in self.validators if not isinstance(rule, ProhibitNullCharactersValidator)
        ]


class ContactForm(PresenceMixin, forms.Form):
    """Somebody to add."""

    name = NameFormField()
    # A blank address is a wrong one here; at sign-up it is a missing one.
    email = EmailFormField(error_messages={"required": _("email is not valid")})
    greeting = WordsField(label=_("Say hello (optional)"), max_length=500)


class ContactNameForm(PresenceMixin, forms.Form):
    """What to call a contact."""

    name = NameFormField()


class MessageForm(forms.Form):
    """A message; its words are checked by the action, the same for forms and sockets."""

    body = WordsField(label=_("Message"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].widget.attrs["maxlength"] = BODY_MOST


class ReportForm(forms.Form):
    """What a reporter tells the moderators."""

    reason = forms.CharField(required=False, widget=forms.RadioSelect(choices=Reason.choices))
    context = WordsField(label=_("Context"), help_text=_("What happened, in your own words."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["context"].widget.attrs["maxlength"] = CONTEXT_MOST


def refuse(form: forms.Form, error: ChatError) -> None:
    """Show what an action refused beside its field, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
