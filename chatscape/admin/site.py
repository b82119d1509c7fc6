"""The admin site."""

from typing import Any

from django.contrib.admin import AdminSite as DjangoAdminSite
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.mfa import second_factor_first
from accounts.staff import awake
from chatscape.admin.base import HouseAdmin, moderator

# Addresses that would tell a moderator about rows that are not theirs to see.
LEFT_OUT = ("autocomplete", "view_on_site", "jsi18n")


class AdminSite(DjangoAdminSite):
    """Django's admin with our pages: no script of Django's, so the policy of all other pages holds here too.

    Models of other apps stay out: whatever is changed here goes through actions that write the audit log.
    """

    site_header = site_title = "ChatScape"
    index_title = _("Moderation")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        if admin_class is not None and issubclass(admin_class, HouseAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return second_factor_first(awake(super().admin_view(view, cacheable)))

    def get_urls(self) -> list[Any]:
        return [it for it in super().get_urls() if getattr(it, "name", "") not in LEFT_OUT]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "parts": self.parts(request), "available_apps": []}

    def parts(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the parts that this person may open, with what waits in them."""
        parts = [
            it
            for it in self._registry.values()
            if isinstance(it, HouseAdmin) and it.has_module_permission(request)
        ]
        return [
            {
                "label": part.label,
                "about": part.about,
                "url": reverse(f"admin:{part.opts.app_label}_{part.opts.model_name}_changelist"),
                "waiting": part.waiting(moderator(request)),
            }
            for part in sorted(parts, key=lambda it: it.place)
        ]

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> Any:
        """There is one page for all parts."""
        return redirect("admin:index")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")
