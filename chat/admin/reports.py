"""The queue of reports, and the page of each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from chat.actions import moderation
from chat.actions.filters import decide_held
from chat.actions.reviews import made_it
from chat.admin import evidence
from chat.admin.decisions import HELD, HINTS, URGENCIES, choices_for, urgency_of
from chat.admin.forms import MeasureForm, ReasonForm
from chat.admin.history import history_of
from chat.models import Report, Sanction
from chat.moderators import reports_for, reports_waiting_for
from chatscape.admin.base import Choice, Waiting, moderator, name_of
from chatscape.admin.base import age as waits
from chatscape.admin.page import Forms, PageAdmin

if TYPE_CHECKING:
    Reports = QuerySet[Report]

State = Report.State


class StateFilter(Waiting):
    title = gettext_lazy("state")
    parameter_name = "state"
    values = [
        ("waiting", gettext_lazy("Waiting")),
        (State.OPEN, gettext_lazy("Waiting, with nobody")),
        (State.TAKEN, gettext_lazy("In review")),
        (State.CLOSED, gettext_lazy("Decided")),
        ("all", gettext_lazy("All")),
    ]

    def queryset(self, request: HttpRequest, queryset: "Reports") -> "Reports":
        value = self.value()
        if value in (State.OPEN, State.TAKEN, State.CLOSED):
            return queryset.filter(state=value)
        return queryset if value == "all" else queryset.exclude(state=State.CLOSED)


class UrgencyFilter(Choice):
    title = gettext_lazy("urgency")
    parameter_name = "urgency"
    values = [(str(urgency), label) for urgency, label in URGENCIES]

    def queryset(self, request: HttpRequest, queryset: "Reports") -> "Reports":
        return (
            queryset.filter(urgency=int(value)) if (value := self.value()) in dict(self.values) else queryset
        )


class WithFilter(Choice):
    title = gettext_lazy("moderator")
    parameter_name = "with"
    values = [("me", gettext_lazy("With me")), ("others", gettext_lazy("With somebody else"))]

    def queryset(self, request: HttpRequest, queryset: "Reports") -> "Reports":
        if self.value() == "me":
            return queryset.filter(taken_by=moderator(request))
        if self.value() == "others":
            return queryset.exclude(taken_by=None).exclude(taken_by=moderator(request))
        return queryset


class EarlierFilter(Choice):
    title = gettext_lazy("earlier sanctions")
    parameter_name = "earlier"
    values = [("yes", gettext_lazy("Has some")), ("no", gettext_lazy("Has none"))]

    def queryset(self, request: HttpRequest, queryset: "Reports") -> "Reports":
        earlier = Exists(Sanction.objects.filter(person=OuterRef("subject")))
        if self.value() in ("yes", "no"):
            return queryset.filter(earlier if self.value() == "yes" else ~earlier)
        return queryset


@admin.register(Report)
class ReportAdmin(PageAdmin):
    """What somebody reported, the most urgent and of these the oldest first."""

    for_moderators = True
    place = 1
    label = gettext_lazy("Reports")
    about = gettext_lazy("What people report, and what filters hold.")
    nothing = (gettext_lazy("Nothing waits. Well done."), gettext_lazy("New reports appear here."))
    page_template = "admin/chat/report/page.html"
    list_display = ("urgency_badge", "about_whom", "reason", "kind", "age", "standing", "earlier")
    list_display_links = ("about_whom",)
    list_filter = (StateFilter, "reason", UrgencyFilter, "kind", WithFilter, EarlierFilter)
    search_fields = ("subject__name", "reporter__name")
    search_help_text = gettext_lazy("Name of the person or the reporter")
    sortable_by = ()

    def waiting(self, user: User) -> int:
        return reports_waiting_for(user).count()

    def get_queryset(self, request: HttpRequest) -> "Reports":
        of_subject = Sanction.objects.filter(person=OuterRef("subject")).order_by().values("person")
        earlier = Subquery(of_subject.annotate(number=Count("pk")).values("number"))
        closed = Case(When(state=State.CLOSED, then=1), default=0, output_field=IntegerField())
        found = reports_for(moderator(request)).select_related(
            "subject", "reporter", "taken_by", "decided_by"
        )
        return found.annotate(earlier_count=Coalesce(earlier, Value(0)), closed=closed)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What waits comes first, the most urgent and of these the oldest; then what was decided last."""
        if request.GET.get("state") == State.CLOSED:
            return ("-decided_at",)
        return ("closed", "-urgency", "created_at")

    @admin.display(description=gettext_lazy("urgency"))
    def urgency_badge(self, report: Report) -> SafeString:
        return format_html('<span class="tag urgency-{}">{}</span>', report.urgency, urgency_of(report))

    @admin.display(description=gettext_lazy("about"))
    def about_whom(self, report: Report) -> str:
        return name_of(report.subject)

    @admin.display(description=gettext_lazy("age"))
    def age(self, report: Report) -> SafeString:
        return waits(report.created_at)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, report: Report) -> str:
        if report.state == State.CLOSED:
            return report.get_outcome_display()
        if report.state == State.TAKEN:
            return _("With %(name)s") % {"name": name_of(report.taken_by)}
        return _("Waiting")

    @admin.display(description=gettext_lazy("earlier"))
    def earlier(self, report: Any) -> str:
        count: int = report.earlier_count
        return _("%(count)s earlier") % {"count": count} if count else ""

    def title_of(self, row: Report) -> str:
        return _("Report about %(name)s") % {"name": name_of(row.subject)}

    def forms(self, request: HttpRequest, row: Report, data: Mapping[str, Any] | None, doing: str) -> Forms:
        if row.state == State.CLOSED or self.kept_from(request, row):
            return {}

        def sent(name: str) -> Mapping[str, Any] | None:
            return data if doing == name else None

        decide = MeasureForm(
            sent("decide"),
            auto_id="decide_%s",
            choices=choices_for(row),
            hints=HINTS,
            removable=evidence.removable(row),
        )
        return {
            "decide": decide,
            "take": ReasonForm(sent("take"), auto_id="take_%s"),
            "release": ReasonForm(sent("release"), auto_id="release_%s"),
        }

    def do(self, request: HttpRequest, row: Report, doing: str, typed: dict[str, Any]) -> str:
        actor = moderator(request)
        if doing == "take":
            moderation.take_report(actor=actor, report_id=row.pk)
            return _("You look at this report now. Others see that.")
        if doing == "release":
            moderation.release_report(actor=actor, report_id=row.pk)
            return _("The report waits for anybody again.")
        decision, reason = typed["decision"], typed["reason"]
        if decision in dict(HELD):
            done = decide_held(actor=actor, report_id=row.pk, decision=decision, reason=reason)
        else:
            done = moderation.decide(
                actor=actor,
                report_id=row.pk,
                decision=decision,
                reason=reason,
                days=typed["days"],
                # What was ticked before one thought better of it.
                remove=[] if decision == moderation.Decision.DISMISS else typed["remove"],
            )
        return _("Decided: %(outcome)s.") % {"outcome": done.get_outcome_display()}

    def about_row(self, request: HttpRequest, row: Report) -> dict[str, Any]:
        actor = moderator(request)
        return {
            "profile": evidence.profile_of(row),
            "messages_shown": evidence.messages_of(row),
            "removable": [number for number, _words in evidence.removable(row)],
            "ticked": request.POST.getlist("remove"),
            "matched": row.evidence.get("filter"),
            "urgency": urgency_of(row),
            "kept_from": self.kept_from(request, row),
            "with_me": row.taken_by_id == actor.pk,
            "sanctions": row.sanctions.select_related("moderator", "appeal"),
            **history_of(row.subject, actor, besides=row),
        }

    def kept_from(self, request: HttpRequest, row: Report) -> str:
        """Say why this moderator cannot decide, or nothing."""
        if made_it(moderator(request), row):
            return _("You made this report, so somebody else has to decide it.")
        return ""
