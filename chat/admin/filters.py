"""Filters of words and links, and what one would have caught."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.actions.filters import delete_filter, save_filter
from chat.errors import ChatError
from chat.filters import Filters
from chat.models import Filter, Message, Report
from chat.moderators import reports_for
from chatscape.admin.base import HouseAdmin, moderator
from chatscape.answers import see_other

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
# A preview looks at so many of the newest messages, and of the newest reports for examples.
MESSAGES_MOST, REPORTS_MOST, EXAMPLES_MOST = 20_000, 500, 5
# Characters on both sides of what was found.
AROUND = 60


class FilterForm(forms.Form):
    """What to look for, and what to do then; what is wrong with it is for the action to say."""

    kind = forms.ChoiceField(label=gettext_lazy("Look for"), choices=Filter.Kind.choices)
    pattern = forms.CharField(
        label=gettext_lazy("Pattern"),
        max_length=200,
        help_text=gettext_lazy(
            "Whole words in any spelling; * stands for any letters, as in spam*. "
            "For links a site like example.com, with everything below it."
        ),
    )
    action = forms.ChoiceField(
        label=gettext_lazy("What to do"), choices=Filter.Action.choices, initial=Filter.Action.HOLD
    )
    replacement = forms.CharField(
        label=gettext_lazy("Replacement"),
        required=False,
        max_length=50,
        help_text=gettext_lazy("Stands in place of the words; without one three dots do."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False, initial=True)


class Example(NamedTuple):
    """Reported words that would have been caught: they and what is around them."""

    before: str
    found: str
    after: str
    report: Report


class Preview(NamedTuple):
    """What a filter would have caught. Of messages that nobody has reported it is no more than a number."""

    week: int
    month: int
    looked_at: int
    # Further back than this it did not look.
    since: datetime | None
    examples: list[Example]


@admin.register(Filter)
class FilterAdmin(HouseAdmin):
    """Filters to read for moderators, to change for those who run the server."""

    for_moderators = True
    place = 6
    label = gettext_lazy("Filters")
    about = gettext_lazy("Words and links that are refused, held or replaced.")
    nothing = (
        gettext_lazy("No filters."),
        gettext_lazy("A filter refuses, holds or replaces messages with certain words or links."),
    )
    list_display = ("pattern", "kind", "action", "state")
    list_filter = ("kind", "action", "is_active")
    search_fields = ("pattern",)
    search_help_text = gettext_lazy("Pattern")
    sortable_by = ("pattern",)

    @admin.display(description=gettext_lazy("state"))
    def state(self, found: Filter) -> str:
        return _("Active") if found.is_active else _("Off")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and moderator(request).runs_server

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.page(request, None)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row: Model | None = self.get_object(request, object_id)
        if not isinstance(row, Filter):
            raise Http404
        if request.method == "POST" and not moderator(request).runs_server:
            raise PermissionDenied
        return self.page(request, row)

    def page(self, request: HttpRequest, row: Filter | None) -> HttpResponse:
        """Show a filter, or the form of a new one; preview, save or delete it."""
        sent = request.POST if request.method == "POST" else None
        doing = sent.get("do", "") if sent is not None else ""
        form = FilterForm(sent if doing != "delete" else None, initial=_initial(row))
        may_change = moderator(request).runs_server
        for field in form.fields.values():
            field.disabled = not may_change
        status, shown = HTTPStatus.OK, None
        if doing == "delete" and row:
            delete_filter(actor=moderator(request), filter_id=row.pk)
            messages.success(request, _("The filter is gone."))
            return see_other("admin:chat_filter_changelist")
        if sent is not None and not form.is_valid():
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        elif doing == "preview":
            shown = preview(request, form.cleaned_data)
        elif doing == "save":
            try:
                save_filter(actor=moderator(request), filter_id=row.pk if row else None, **form.cleaned_data)
                messages.success(request, _("Saved. It holds everywhere in a few seconds."))
                return see_other("admin:chat_filter_changelist")
            except ChatError as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
                status = HTTPStatus(error.status)
        context = {
            **self.admin_site.each_context(request),
            "title": str(row) if row else _("New filter"),
            "opts": self.opts,
            "row": row,
            "form": form,
            "may_change": may_change,
            "preview": shown,
            "counted": _counted(shown) if shown else "",
        }
        return TemplateResponse(request, "admin/chat/filter/page.html", context, status=status)


def preview(request: HttpRequest, typed: Mapping[str, Any]) -> Preview:
    """Look through the newest messages, and through what was reported for examples."""
    asked = Filters([(typed["kind"], typed["pattern"], Filter.Action.BLOCK, "")])
    now, week, month, looked_at, since = timezone.now(), 0, 0, 0, None
    newest = Message.objects.filter(deleted_at=None, created_at__gt=now - MONTH).order_by("-pk")
    for created_at, body in newest.values_list("created_at", "body")[:MESSAGES_MOST].iterator():
        looked_at, since = looked_at + 1, created_at
        if asked.find(body):
            month += 1
            week += created_at > now - WEEK
    return Preview(
        week, month, looked_at, since if looked_at == MESSAGES_MOST else None, _examples(request, asked)
    )


def _examples(request: HttpRequest, asked: Filters) -> list[Example]:
    found: list[Example] = []
    for report in reports_for(moderator(request)).order_by("-created_at")[:REPORTS_MOST]:
        for message in report.evidence.get("messages", ()):
            body = str(message.get("body", ""))
            for match in asked.find(body)[:1]:
                before, after = body[: match.start], body[match.end :]
                words = body[match.start : match.end]
                found.append(Example(before[-AROUND:], words, after[:AROUND], report))
        if len(found) >= EXAMPLES_MOST:
            break
    return found[:EXAMPLES_MOST]


def _initial(row: Filter | None) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FilterForm.base_fields} if row else {}


def _counted(shown: Preview) -> str:
    return ngettext(
        "Looked at %(count)s message of the last 30 days.",
        "Looked at %(count)s messages of the last 30 days.",
        shown.looked_at,
    ) % {"count": shown.looked_at}
