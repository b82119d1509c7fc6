"""What moderators imposed, and the way to take it back."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from chat.actions import moderation
from chat.admin import evidence
from chat.admin.forms import ReasonForm
from chat.models import Sanction
from chat.moderators import sanctions_for
from chatscape.admin.base import Choice, moderator, moment, name_of
from chatscape.admin.page import Forms, PageAdmin


class InForceFilter(Choice):
    title = gettext_lazy("state")
    parameter_name = "state"
    values = [("in-force", gettext_lazy("In force")), ("over", gettext_lazy("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Sanction]) -> QuerySet[Sanction]:
        if self.value() == "in-force":
            return queryset & Sanction.objects.in_force()
        if self.value() == "over":
            return queryset.filter(~Q(lifted_at=None) | Q(ends_at__lte=timezone.now()))
        return queryset


@admin.register(Sanction)
class SanctionAdmin(PageAdmin):
    """Measures against people, the newest first."""

    for_moderators = True
    place = 3
    label = gettext_lazy("Sanctions")
    about = gettext_lazy("What was decided about whom, and lifting it.")
    nothing = (gettext_lazy("No sanctions."), gettext_lazy("What moderators decide appears here."))
    page_template = "admin/chat/sanction/page.html"
    list_display = ("kind_badge", "about_whom", "standing", "by", "made")
    list_display_links = ("about_whom",)
    list_filter = (InForceFilter, "kind")
    search_fields = ("person__name",)
    search_help_text = gettext_lazy("Name of the person")
    sortable_by = ()
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sanction]:
        found = sanctions_for(moderator(request))
        return found.select_related("person", "moderator", "lifted_by", "report", "appeal")

    @admin.display(description=gettext_lazy("kind"))
    def kind_badge(self, sanction: Sanction) -> SafeString:
        return format_html('<span class="tag kind-{}">{}</span>', sanction.kind, sanction.get_kind_display())

    @admin.display(description=gettext_lazy("person"))
    def about_whom(self, sanction: Sanction) -> str:
        return name_of(sanction.person)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, sanction: Sanction) -> str:
        return standing_of(sanction)

    @admin.display(description=gettext_lazy("by"))
    def by(self, sanction: Sanction) -> str:
        return _("By %(name)s") % {"name": name_of(sanction.moderator)}

    @admin.display(description=gettext_lazy("made"))
    def made(self, sanction: Sanction) -> SafeString:
        return moment(sanction.created_at)

    def title_of(self, row: Sanction) -> str:
        return _("%(kind)s for %(name)s") % {"kind": row.get_kind_display(), "name": name_of(row.person)}

    def forms(self, request: HttpRequest, row: Sanction, data: Mapping[str, Any] | None, doing: str) -> Forms:
        # What was removed stays removed, and the owner is out of reach.
        if row.is_over or row.kind == Sanction.Kind.REMOVAL or row.person.role == Role.OWNER:
            return {}
        return {"lift": ReasonForm(data if doing == "lift" else None, auto_id="lift_%s")}

    def do(self, request: HttpRequest, row: Sanction, doing: str, typed: dict[str, Any]) -> str:
        moderation.lift(actor=moderator(request), sanction_id=row.pk, reason=typed["reason"])
        return _("Lifted. %(name)s can read why.") % {"name": row.person.name}

    def about_row(self, request: HttpRequest, row: Sanction) -> dict[str, Any]:
        return {
            "standing": standing_of(row),
            "messages_shown": evidence.messages_of(row.report) if row.report else [],
        }


def standing_of(sanction: Sanction) -> str:
    """Say in words whether a sanction still holds."""
    if sanction.lifted_at and sanction.lifted_at != sanction.ends_at:
        return _("Lifted")
    if sanction.is_over:
        return _("Over")
    if sanction.ends_at:
        return _("Until %(when)s") % {"when": date_format(timezone.localtime(sanction.ends_at))}
    return _("In force") if sanction.kind in Sanction.LASTING else _("Done")
