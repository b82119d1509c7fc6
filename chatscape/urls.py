"""Every address of ChatScape."""

from django.contrib import admin
from django.urls import include, path

from chatscape.metrics.answer import nowhere

urlpatterns = [
    path("", include("chatscape.pwa.urls")),
    path("", include("chat.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    # For whoever knows the token it is answered before (`chatscape.middleware`).
    path("metrics", nowhere, name="metrics"),
]

handler400 = "chatscape.views.bad_request"
handler403 = "chatscape.views.permission_denied"
handler404 = "chatscape.views.page_not_found"
handler500 = "chatscape.views.server_error"
