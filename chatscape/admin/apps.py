"""The admin site as an app."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin site, with a policy that lets its own scripts run."""

    default_site = "chatscape.admin.site.AdminSite"
