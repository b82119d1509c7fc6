"""People in the admin site."""

from typing import TYPE_CHECKING, Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  (both register what is taken out below)
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Field
from django.forms import Field as FormField
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.actions import revoke_server_links
from accounts.models import Role, User
from chat import events

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin

# One sign-in page for everybody, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# An administrator who could confirm addresses could reset the owner's password. Roles, not groups,
# say what people may do.
for model in (Authenticator, EmailAddress, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class PersonAdmin(ModelAdmin):
    """Look people up, change their role, close their account. The owner stays the owner."""

    list_display = ("name", "email", "role", "is_active", "date_joined")
    list_filter = ("role", "is_active", "date_joined")
    search_fields = ("name", "email")
    ordering = ("-date_joined",)
    fields = ("name", "email", "intro", "role", "is_active", "date_joined", "last_login")
    readonly_fields = ("email", "date_joined", "last_login")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = tuple(str(name) for name in super().get_readonly_fields(request, obj))
        person = request.user
        may_change = isinstance(person, User) and person.runs_server and person != obj
        if not may_change or (obj is not None and obj.role == Role.OWNER):
            return (*fields, "role", "is_active")
        return fields

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "role" and field is not None:
            field.choices = [choice for choice in Role.choices if choice[0] != Role.OWNER]  # type: ignore[attr-defined]
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Their words would vanish from other people's conversations."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not (obj.runs_server and obj.is_active):
            revoke_server_links(inviter=obj)
        if not obj.is_active:
            events.account_closed(obj)
