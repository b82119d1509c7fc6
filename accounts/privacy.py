"""The pages of one's data: take it along, or erase it."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.erasing import erase_person
from accounts.export import export_person
from accounts.fields import EmailFormField, PresenceMixin
from accounts.models import User
from chat.errors import ChatError
from chat.sidebar import sidebar


class EraseForm(PresenceMixin, forms.Form):
    """One's own address, typed by whoever is sure."""

    email = EmailFormField(label=_("Type your email address to confirm"))

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["email"].widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email != self.person.email:
            raise ValidationError(gettext("This is not the address of this account."))
        return email


@require_safe
@signed_in
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
def data(request: SignedInRequest) -> HttpResponse:
    """What the server keeps, and the ways to have it or to have it erased.

    The password is asked for here: after it a download would start, but no page would come.
    """
    return render(request, "accounts/data.html", sidebar(request.user))


@require_POST
@signed_in
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
def export(request: SignedInRequest) -> FileResponse:
    """The person's data as a zip file."""
    name = f"chatscape-{timezone.now():%Y-%m-%d}.zip"
    return FileResponse(export_person(request.user), as_attachment=True, filename=name)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@never_cache
def erase(request: SignedInRequest) -> HttpResponse:
    """Erase the account once its address has been typed."""
    form = EraseForm(request.POST if request.method == "POST" else None, person=request.user)
    if form.is_valid():
        person = request.user
        try:
            erase_person(actor=person, person=person)
        except ChatError as error:
            form.add_error(None, error.message)
        else:
            # Its rows are gone; what this process knows of the session goes with it.
            logout(request)
            messages.success(request, gettext("Your account and everything in it was erased."))
            response = redirect("home")
            # Drafts and what was kept for reading offline are on the device.
            response["Clear-Site-Data"] = '"cache", "storage"'
            return response
    context = {**sidebar(request.user), "form": form}
    return render(request, "accounts/erase.html", context, status=422 if form.errors else 200)
