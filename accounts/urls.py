"""Addresses of people's own pages; `accounts/` ones stand before allauth's of the same names."""

from django.urls import path, re_path

from accounts import sign_in, views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("join/<slug:code>/", views.join, name="join"),
    path("invitations/", views.invitations, name="invitations"),
    path("accounts/login/", sign_in.LoginView.as_view(), name="account_login"),
    path("accounts/signup/", sign_in.SignupView.as_view(), name="account_signup"),
    path("accounts/email/", sign_in.EmailView.as_view(), name="account_email"),
    path("accounts/reauthenticate/", sign_in.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("accounts/password/change/", sign_in.PasswordChangeView.as_view(), name="account_change_password"),
    path("accounts/password/set/", sign_in.PasswordSetView.as_view(), name="account_set_password"),
    path("accounts/password/reset/", sign_in.PasswordResetView.as_view(), name="account_reset_password"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        sign_in.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
]
