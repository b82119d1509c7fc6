"""What every part of the admin site has in common."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from accounts.models import User
from chatscape.answers import see_other

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


MINUTE = timedelta(minutes=1)


class HouseAdmin(ModelAdmin):
    """Rows to look at. Roles say who may, and nothing is added, changed or deleted.

    Whatever a subclass permits goes through a function of ours that writes the audit log: Django's own log
    stays empty, as it would keep names of people who were erased.
    """

    # The others are for who runs the server.
    for_moderators: ClassVar[bool] = False
    label: ClassVar[str | Promise] = ""
    # Where it stands in the navigation, and what it says of itself on the first page.
    place: ClassVar[int] = 50
    about: ClassVar[str | Promise] = ""
    # What a list says that has nothing in it.
    nothing: ClassVar[tuple[str | Promise, str | Promise]] = ("", "")
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False
    empty_value_display = ""

    def waiting(self, user: User) -> int | None:
        """Say how many rows wait for this moderator; None where nothing ever waits."""
        return None

    def audit_target(self, row: Model) -> str:
        """What the audit log calls a row."""
        return f"{self.opts.model_name}:{row.pk}"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        person = request.user
        return isinstance(person, User) and person.is_active and self.is_for(person)

    def is_for(self, person: User) -> bool:
        return person.runs_server or (self.for_moderators and person.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is done to many rows at once."""
        return {}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": str(self.label), "nothing": self.nothing, **(extra_context or {})}
        return super().changelist_view(request, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was done to a row is in the audit log, for those who may read it."""
        if not moderator(request).runs_server:
            raise PermissionDenied
        row = self.get_object(request, object_id)
        target = self.audit_target(row) if row else object_id
        return see_other(f"{reverse('admin:chat_auditentry_changelist')}?{urlencode({'q': target})}")

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]
        pass

    def log_change(self, *args: Any) -> None:  # type: ignore[override]
        pass

    def log_deletions(self, *args: Any) -> None:  # type: ignore[override]
        pass


class Choice(admin.SimpleListFilter):
    """A filter whose choices are given once; without a choice it shows everything."""

    values: ClassVar[list[tuple[str, str | Promise]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return self.values


class Waiting(Choice):
    """A filter that shows what waits until somebody wants to see more."""

    everything: ClassVar[str] = "all"

    def value(self) -> str | None:
        return super().value() or self.values[0][0]

    def choices(self, changelist: ChangeList) -> Any:
        for value, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({str(self.parameter_name): value}),
                "display": title,
            }


def moderator(request: HttpRequest) -> User:
    """Return who asks; the site lets nobody in but staff."""
    return cast("User", request.user)


def moment(at: datetime, words: str = "") -> SafeString:
    """Show when something was: a script of ours writes it as the viewer's clock does."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words or date_format(localtime(at)))


def age(since: datetime) -> SafeString:
    """Show for how long something has waited."""
    title = date_format(localtime(since), "DATETIME_FORMAT")
    waited = timesince(since, now(), depth=1) if now() - since > MINUTE else _("just now")
    return format_html('<span title="{}">{}</span>', title, waited)


def name_of(person: User | None) -> str:
    """Call somebody by name, also when they are gone."""
    return person.name if person else _("somebody who is gone")
