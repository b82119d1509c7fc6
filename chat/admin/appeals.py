"""What people say to sanctions against them, for another moderator to decide."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from chat.actions.appeals import decide_appeal
from chat.actions.standing import may_judge
from chat.admin import evidence
from chat.admin.forms import AppealForm
from chat.admin.history import history_of
from chat.admin.sanctions import standing_of
from chat.models import Appeal
from chat.moderators import appeals_for, appeals_waiting_for
from chatscape.admin.base import Waiting, moderator, name_of
from chatscape.admin.base import age as waits
from chatscape.admin.page import Forms, PageAdmin


class StateFilter(Waiting):
    title = gettext_lazy("state")
    parameter_name = "state"
    values = [
        (Appeal.State.OPEN, gettext_lazy("Waiting")),
        (Appeal.State.UPHELD, gettext_lazy("The decision stands")),
        (Appeal.State.GRANTED, gettext_lazy("The decision was undone")),
        ("all", gettext_lazy("All")),
    ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appeal]) -> QuerySet[Appeal]:
        value = self.value()
        return queryset.filter(state=value) if value in Appeal.State.values else queryset


@admin.register(Appeal)
class AppealAdmin(PageAdmin):
    """Appeals, the oldest first."""

    for_moderators = True
    place = 2
    label = gettext_lazy("Appeals")
    about = gettext_lazy("People who ask that a decision be looked at again.")
    nothing = (
        gettext_lazy("Nothing waits. Well done."),
        gettext_lazy("When somebody objects to a decision, it appears here."),
    )
    page_template = "admin/chat/appeal/page.html"
    list_display = ("against", "about_whom", "imposed_by", "age", "standing")
    list_display_links = ("about_whom",)
    list_filter = (StateFilter,)
    search_fields = ("sanction__person__name",)
    search_help_text = gettext_lazy("Name of the person")
    sortable_by = ()
    ordering = ("created_at",)

    def waiting(self, user: User) -> int:
        return appeals_waiting_for(user).count()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        found = appeals_for(moderator(request))
        return found.select_related(
            "sanction__person", "sanction__moderator", "sanction__report__reporter", "decided_by"
        )

    @admin.display(description=gettext_lazy("against"))
    def against(self, appeal: Appeal) -> SafeString:
        kind = appeal.sanction
        return format_html('<span class="tag kind-{}">{}</span>', kind.kind, kind.get_kind_display())

    @admin.display(description=gettext_lazy("person"))
    def about_whom(self, appeal: Appeal) -> str:
        return name_of(appeal.sanction.person)

    @admin.display(description=gettext_lazy("imposed by"))
    def imposed_by(self, appeal: Appeal) -> str:
        return _("By %(name)s") % {"name": name_of(appeal.sanction.moderator)}

    @admin.display(description=gettext_lazy("age"))
    def age(self, appeal: Appeal) -> SafeString:
        return waits(appeal.created_at)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, appeal: Appeal) -> str:
        return _("Waiting") if appeal.state == Appeal.State.OPEN else appeal.get_state_display()

    def title_of(self, row: Appeal) -> str:
        return _("Appeal of %(name)s") % {"name": name_of(row.sanction.person)}

    def forms(self, request: HttpRequest, row: Appeal, data: Mapping[str, Any] | None, doing: str) -> Forms:
        if row.state != Appeal.State.OPEN or not may_judge(moderator(request), row.sanction):
            return {}
        return {"decide": AppealForm(data if doing == "decide" else None, auto_id="decide_%s")}

    def do(self, request: HttpRequest, row: Appeal, doing: str, typed: dict[str, Any]) -> str:
        grant = typed["decision"] == "grant"
        decide_appeal(actor=moderator(request), appeal_id=row.pk, grant=grant, answer=typed["answer"])
        return _("Granted: the decision is undone.") if grant else _("Answered: the decision stands.")

    def about_row(self, request: HttpRequest, row: Appeal) -> dict[str, Any]:
        sanction = row.sanction
        return {
            "sanction": sanction,
            "standing": standing_of(sanction),
            "messages_shown": evidence.messages_of(sanction.report) if sanction.report else [],
            "may_judge": may_judge(moderator(request), sanction),
            **history_of(sanction.person, moderator(request), besides=sanction.report),
        }
