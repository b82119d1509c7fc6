"""The admin site."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.admin import AdminSite as DjangoAdminSite


class AdminSite(DjangoAdminSite):
    """Django's admin; its pages name their scripts without a nonce, so ours may be any file of ours."""

    site_header = site_title = "ChatScape"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return csp_update({"script-src": [SELF]})(super().admin_view(view, cacheable))
