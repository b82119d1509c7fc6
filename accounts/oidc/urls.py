"""Addresses of sign-in with providers, below `accounts/`; providers know the callback's."""

from django.urls import include, path

from accounts.oidc import again, failing, leaving, views

urlpatterns = [
    path("oidc/leave/", leaving.leave, name="oidc_leave"),
    path(
        "oidc/<slug:provider_id>/",
        include(
            [
                path("login/", views.login, name="openid_connect_login"),
                path("login/callback/", views.callback, name="openid_connect_callback"),
                path("again/", again.again, name="oidc_again"),
                path("failed/<slug:kind>/", failing.failed, name="oidc_failed"),
            ]
        ),
    ),
]
