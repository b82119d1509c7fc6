"""Reports, for who moderates."""

from django.contrib import admin
from django.http import HttpRequest

from chat.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Reports can be read and closed; nothing in them can be changed or deleted."""

    list_display = ("created_at", "subject", "reporter", "state")
    list_filter = ("state", "created_at")
    readonly_fields = ("reporter", "subject", "context", "evidence", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        return False
