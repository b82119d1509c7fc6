"""Form fields for a person's name and e-mail, the same wherever somebody types one."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.names import clean_name, validate_name


class PresenceMixin(forms.BaseForm):
    """Tell a field that was not sent from one that was sent empty.

    A form with this mixin answers a required field's "missing" message when its key is absent and
    the "required" one when it is blank; fields without a "missing" message are left as they are.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            return
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            if "missing" in field.error_messages and field.widget.value_omitted_from_data(
                self.data, self.files, key
            ):
                # The form's own copy: a field copies its messages for every form.
                field.error_messages["required"] = field.error_messages["missing"]


class NameFormField(forms.CharField):
    """A display name; returns it with tidy spaces, composed (NFC)."""

    default_error_messages = {
        "missing": _("name not provided"),
        "required": _("name is empty"),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "name"}))
        super().__init__(**kwargs)
        # One rule, one message: the rule also covers the null characters that Django looks for.
        self.validators = [validate_name]

    def to_python(self, value: Any) -> str:
        return clean_name(super().to_python(value) or "")


class EmailFormField(forms.EmailField):
    """An e-mail address of at most 254 characters; returns it in lower case."""

    default_error_messages = {
        "missing": _("email not provided"),
        "required": _("email is not valid"),
        "invalid": _("email is not valid"),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Email"))
        kwargs.setdefault("max_length", 254)
        attrs = {"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        kwargs.setdefault("widget", forms.EmailInput(attrs=attrs))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if not (text.rpartition("@")[0].isascii() and text.isprintable()):
            # Letters that become those of ASCII in lower case would make it somebody else's address, and
            # characters that are not seen let it look like one.
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return unicodedata.normalize("NFC", text).lower()

    def run_validators(self, value: Any) -> None:
        # Too long, malformed or with control characters: for the person it is one mistake.
        try:
            super().run_validators(value)
        except ValidationError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
