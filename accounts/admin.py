"""People in the admin site."""

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.fields import NameFormField
from accounts.models import Role, User
from chat.actions import moderation
from chat.actions.profiles import INTRO_MOST, edit_profile
from chat.admin.decisions import MEASURE_HINTS, MEASURES
from chat.admin.forms import MeasureForm, ReasonForm
from chat.admin.history import history_of
from chatscape.admin.base import Choice, moderator, moment
from chatscape.admin.page import Forms, PageAdmin

# One sign-in page for everybody, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ProfileForm(forms.Form):
    """What others read of somebody."""

    name = NameFormField()
    intro = forms.CharField(label=gettext_lazy("About them"), required=False, max_length=INTRO_MOST)


class RoleForm(forms.Form):
    """What somebody may do. There is one owner, and nobody becomes it here."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=[it for it in Role.choices if it[0] != Role.OWNER]
    )


class AccountFilter(Choice):
    title = gettext_lazy("account")
    parameter_name = "account"
    values: ClassVar[list[Any]] = [("open", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = {"open": True, "closed": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(is_active=wanted)


@admin.register(User)
class PersonAdmin(PageAdmin):
    """Look people up, change their role, close their account. The owner stays the owner."""

    place = 5
    label = gettext_lazy("People")
    about = gettext_lazy("Accounts, roles, and what was decided about somebody.")
    nothing = (gettext_lazy("Nobody found."), "")
    page_template = "admin/accounts/user/page.html"
    list_display = ("name", "email", "role", "standing", "joined")
    list_filter = ("role", AccountFilter, "date_joined")
    search_fields = ("name", "email")
    search_help_text = gettext_lazy("Name or email")
    sortable_by = ("name", "role", "joined")
    ordering = ("-date_joined",)

    def audit_target(self, row: Model) -> str:
        return f"person:{row.pk}"

    @admin.display(description=gettext_lazy("account"))
    def standing(self, person: User) -> str:
        return _("Open") if person.is_active else _("Closed")

    @admin.display(description=gettext_lazy("joined"), ordering="date_joined")
    def joined(self, person: User) -> SafeString:
        return moment(person.date_joined)

    def forms(self, request: HttpRequest, row: User, data: Mapping[str, Any] | None, doing: str) -> Forms:
        if self.kept_from(request, row):
            return {}

        def sent(name: str) -> Mapping[str, Any] | None:
            return data if doing == name else None

        found: Forms = {
            "profile": ProfileForm(
                sent("profile"), auto_id="profile_%s", initial={"name": row.name, "intro": row.intro}
            ),
            "role": RoleForm(sent("role"), auto_id="role_%s", initial={"role": row.role}),
            "active": ReasonForm(sent("active"), auto_id="active_%s"),
        }
        if row.is_active:
            found["sanction"] = MeasureForm(
                sent("sanction"), auto_id="sanction_%s", choices=MEASURES, hints=MEASURE_HINTS
            )
        return found

    def do(self, request: HttpRequest, row: User, doing: str, typed: dict[str, Any]) -> str:
        actor = moderator(request)
        if doing == "profile":
            edit_profile(actor=actor, person=row, name=typed["name"], intro=typed["intro"])
            return _("Saved.")
        if doing == "role":
            moderation.set_role(actor=actor, person=row, role=typed["role"])
            return _("Saved.")
        if doing == "active":
            reason = typed["reason"]
            moderation.set_active(actor=actor, person=row, active=not row.is_active, reason=reason)
            return _("The account is closed.") if row.is_active else _("The account is open again.")
        kind, reason, days = typed["decision"], typed["reason"], typed["days"]
        moderation.sanction(actor=actor, person=row, kind=kind, reason=reason, days=days)
        return _("Done. %(name)s can read why.") % {"name": row.name}

    def about_row(self, request: HttpRequest, row: User) -> dict[str, Any]:
        return {
            "kept_from": self.kept_from(request, row),
            **history_of(row, moderator(request)),
        }

    def kept_from(self, request: HttpRequest, row: User) -> str:
        """Say why nothing can be changed, or nothing."""
        if row == moderator(request):
            return _("This is you: somebody else has to change it.")
        if row.role == Role.OWNER:
            return _("This is the owner, whom nobody acts against.")
        return ""
