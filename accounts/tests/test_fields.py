"""The messages about a name and an address, word for word."""

import pytest
from django import forms

from accounts.fields import EmailFormField, NameFormField, PresenceMixin


class PersonForm(PresenceMixin, forms.Form):
    name = NameFormField()
    email = EmailFormField()


GOOD = {"name": "Bob", "email": "bob@example.com"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", None, "name not provided"),
        ("name", "", "name is empty"),
        ("name", " \t ", "name is empty"),
        ("name", "B", "name must have 2 to 50 characters"),
        ("name", "x" * 51, "name must have 2 to 50 characters"),
        ("email", None, "email not provided"),
        ("email", "", "email is not valid"),
        ("email", "bob", "email is not valid"),
        ("email", "bob@", "email is not valid"),
        ("email", "b\0b@example.com", "email is not valid"),
        ("email", "bo\u212a@example.com", "email is not valid"),
        ("email", "b\u0131b@example.com", "email is not valid"),
        ("email", "bob@example\u200b.com", "email is not valid"),
        ("email", "bob@example.com\u202e", "email is not valid"),
        ("email", "b" * 250 + "@example.com", "email is not valid"),
        ("email", "b" * 400 + "@example.com", "email is not valid"),
    ],
)
def test_a_mistake_has_one_message_of_its_own(field: str, value: str | None, message: str) -> None:
    data = {**GOOD, field: value}
    form = PersonForm({key: given for key, given in data.items() if given is not None})
    assert form.errors == {field: [message]}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Bob@Example.COM ", "bob@example.com"),
        ("bob@Bücher.example", "bob@bücher.example"),
        ("bob@bu\u0308cher.example", "bob@bücher.example"),
    ],
)
def test_an_address_is_kept_in_lower_case(typed: str, kept: str) -> None:
    form = PersonForm({**GOOD, "email": typed})
    assert form.is_valid()
    assert form.cleaned_data["email"] == kept


def test_one_form_does_not_change_the_messages_of_the_next() -> None:
    assert PersonForm({}).errors["name"] == ["name not provided"]
    assert PersonForm({"name": "", "email": ""}).errors["name"] == ["name is empty"]
