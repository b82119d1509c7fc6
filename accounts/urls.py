"""Addresses of people's own pages; `accounts/` ones stand before allauth's of the same names."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts import device_views, mfa, privacy, sign_in, standing, views
from accounts.oidc.connections import connections
from accounts.oidc.sign_out import LogoutView

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/data/", privacy.data, name="data"),
    path("profile/export/", privacy.export, name="data-export"),
    path("profile/erase/", privacy.erase, name="erase"),
    path("devices/", device_views.devices, name="devices"),
    path("devices/<uuid:device_id>/end/", device_views.device_end, name="device-end"),
    path("devices/others/", device_views.devices_end_others, name="devices-end-others"),
    # The page forgets what it keeps on this device when it sends a form to an address with this end.
    path("devices/logout/", device_views.devices_end_all, name="devices-end-all"),
    path("devices/new/", device_views.device_new, name="device-new"),
    path("devices/new/state/", device_views.device_new_state, name="device-new-state"),
    path("devices/link/<slug:token>/", device_views.device_link, name="device-link"),
    path("standing/", standing.standing, name="standing"),
    path("standing/read/", standing.standing_read, name="standing-read"),
    path("standing/export/", standing.standing_export, name="standing-export"),
    path("standing/leave/", standing.standing_leave, name="standing-leave"),
    path("standing/<uuid:sanction_id>/appeal/", standing.standing_appeal, name="standing-appeal"),
    path("join/<slug:code>/", views.join, name="join"),
    path("invitations/", views.invitations, name="invitations"),
    path("accounts/login/", sign_in.LoginView.as_view(), name="account_login"),
    path("accounts/logout/", LogoutView.as_view(), name="account_logout"),
    path("accounts/3rdparty/", connections, name="socialaccount_connections"),
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
    path("accounts/2fa/", mfa.security, name="mfa_index"),
    path("accounts/2fa/authenticate/", mfa.AuthenticateView.as_view(), name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", mfa.ReauthenticateView.as_view(), name="mfa_reauthenticate"),
    path("accounts/2fa/totp/activate/", mfa.ActivateTOTPView.as_view(), name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", mfa.DeactivateTOTPView.as_view(), name="mfa_deactivate_totp"),
    path("accounts/2fa/recovery-codes/", mfa.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/recovery-codes/generate/",
        mfa.RenewRecoveryCodesView.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("accounts/2fa/webauthn/add/", mfa.AddPasskeyView.as_view(), name="mfa_add_webauthn"),
    path("accounts/2fa/webauthn/login/", mfa.LoginPasskeyView.as_view(), name="mfa_login_webauthn"),
    path(
        "accounts/2fa/webauthn/reauthenticate/",
        mfa.ReauthenticatePasskeyView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "accounts/2fa/webauthn/keys/<int:pk>/edit/", mfa.RenamePasskeyView.as_view(), name="mfa_edit_webauthn"
    ),
    path(
        "accounts/2fa/webauthn/keys/<int:pk>/remove/",
        mfa.RemovePasskeyView.as_view(),
        name="mfa_remove_webauthn",
    ),
]
