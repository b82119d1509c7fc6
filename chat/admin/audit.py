"""The audit log, to read."""

import csv
import json
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from chat.models import AuditEntry
from chatscape.admin.base import Choice, HouseAdmin, moment

EXPORT_MOST = 100_000
# What entries point at, and where that is shown.
PAGES = {
    "report": "admin:chat_report_change",
    "sanction": "admin:chat_sanction_change",
    "appeal": "admin:chat_appeal_change",
    "filter": "admin:chat_filter_change",
    "person": "admin:accounts_user_change",
}


class NamedList(ChangeList):
    """A page of entries with the names of those who are still here, all in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        ids = {it for entry in self.result_list for it in (entry.actor, entry.subject) if it}
        names = dict(User.objects.filter(pseudonym__in=ids).values_list("pseudonym", "name"))
        for entry in self.result_list:
            entry.actor_name = _called(entry.actor, names) or _("the server")
            entry.subject_name = _called(entry.subject, names)


class ActorFilter(Choice):
    title = gettext_lazy("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[Any]:
        staff = User.objects.exclude(role=Role.MEMBER).order_by("name").values_list("pseudonym", "name")
        return [(str(pseudonym), name) for pseudonym, name in staff]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        known = {value for value, _name in self.lookup_choices}
        return queryset.filter(actor=self.value()) if self.value() in known else queryset


class ActionFilter(Choice):
    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[Any]:
        actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
        return [(action, words_of(action)) for action in actions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class WhenFilter(admin.DateFieldListFilter):
    """Named as its column is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("when")


@admin.register(AuditEntry)
class AuditAdmin(HouseAdmin):
    """What people with power did, the newest first. Nothing here can be changed by anybody."""

    place = 9
    label = gettext_lazy("Audit log")
    about = gettext_lazy("Who did what, with before and after. It only grows.")
    nothing = (gettext_lazy("Nothing was done."), gettext_lazy("What moderators do is written down here."))
    change_list_template = "admin/chat/auditentry/change_list.html"
    list_display = ("when", "who", "deed", "whom", "what", "change")
    list_display_links = None
    list_filter = (ActionFilter, ActorFilter, ("at", WhenFilter))
    search_fields = ("target",)
    search_help_text = gettext_lazy("Name of a person, or an id")
    sortable_by = ()
    ordering = ("-id",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamedList

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="chat_auditentry_export"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Find by name, though entries have none: people lead to what the log calls them."""
        if not search_term.strip():
            return queryset, False
        people = User.objects.filter(name__icontains=search_term.strip()).values("pseudonym")
        wanted = Q(target__icontains=search_term.strip()) | Q(actor__in=people) | Q(subject__in=people)
        return queryset.filter(wanted), False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """An entry has no page of its own: all of it is in the list."""
        raise Http404

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Return what the filters leave as a table, with the log's own names for people."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entries = self.get_changelist_instance(request).get_queryset(request)[:EXPORT_MOST]
        headers = {"Content-Disposition": 'attachment; filename="audit-log.csv"'}
        response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
        table = csv.writer(response)
        names = ("id", "at", "actor", "actor_role", "action", "subject", "target", "before", "after")
        table.writerow(names)
        for entry in entries.iterator():
            table.writerow([_cell(getattr(entry, name)) for name in names])
        return response

    @admin.display(description=gettext_lazy("when"))
    def when(self, entry: AuditEntry) -> SafeString:
        return moment(entry.at)

    @admin.display(description=gettext_lazy("who"))
    def who(self, entry: Any) -> SafeString:
        return format_html("<strong>{}</strong> <small>{}</small>", entry.actor_name, entry.actor_role)

    @admin.display(description=gettext_lazy("did"))
    def deed(self, entry: AuditEntry) -> str:
        return words_of(entry.action)

    @admin.display(description=gettext_lazy("to whom"))
    def whom(self, entry: Any) -> str:
        return str(entry.subject_name)

    @admin.display(description=gettext_lazy("where"))
    def what(self, entry: AuditEntry) -> SafeString | str:
        kind, _colon, row = entry.target.partition(":")
        if kind not in PAGES or not row:
            return entry.target
        return format_html('<a href="{}">{}</a>', reverse(PAGES[kind], args=[row]), kind)

    @admin.display(description=gettext_lazy("change"))
    def change(self, entry: AuditEntry) -> SafeString:
        return changes_of(entry.before, entry.after)


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> SafeString:
    """Say what was and what is, name by name."""
    lines = [
        (
            name,
            f"{_said(before[name])} → " if name in before and before[name] != after.get(name) else "",
            _said(after.get(name, "")),
        )
        for name in sorted({*before, *after})
    ]
    return format_html_join("", '<span class="change"><b>{}</b> {}{}</span> ', lines)


def words_of(action: str) -> str:
    return action.replace(".", ": ").replace("_", " ")


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value in (None, "") else str(value)


def _called(pseudonym: UUID | None, names: dict[UUID, str]) -> str:
    return names.get(pseudonym) or _("erased person") if pseudonym else ""


def _cell(value: Any) -> str:
    return (
        json.dumps(value, sort_keys=True) if isinstance(value, dict) else "" if value is None else str(value)
    )
