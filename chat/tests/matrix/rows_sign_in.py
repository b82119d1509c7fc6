"""Signing in and up, passwords, addresses, passkeys, codes and providers: allauth's addresses."""

from chat.tests.matrix.row import MINE, NOTHING, OWN, PUBLIC, SIGN_IN, Codes, Rows, page, shared

# What is not for now leads on, or home.
ON: Codes = (302, 302, 302, 302)
FORM: Codes = (SIGN_IN, 422, 422, 422)
# Who is in needs no way in.
OUTSIDE: Codes = (200, 302, 302, 302)
OUTSIDE_FORM: Codes = (422, 302, 302, 302)
# Who has no second step is led to the password.
LATER: Codes = (302, 302, 302, 200)
CHANGED: Codes = (SIGN_IN, 404, 404, 302)
UNKNOWN: Codes = (SIGN_IN, 404, 404, 404)
MOVED: Codes = (301, 301, 301, 301)
KEY = "/accounts/2fa/webauthn/keys/{}/"

ROWS: Rows = {
    "account_login": page("/accounts/login/", OUTSIDE, OUTSIDE_FORM),
    "account_logout": page("/accounts/logout/", OWN, ON),
    "account_signup": page("/accounts/signup/", (403, 302, 302, 302), (403, 302, 302, 302)),
    "account_inactive": page("/accounts/inactive/", PUBLIC),
    "account_confirm_login_code": page("/accounts/login/code/confirm/", ON, ON),
    # Passwords and addresses.
    "account_reauthenticate": page("/accounts/reauthenticate/", OWN, FORM),
    "account_email": page("/accounts/email/", OWN, ON),
    "account_email_verification_sent": page("/accounts/confirm-email/", PUBLIC),
    "account_confirm_email": page("/accounts/confirm-email/nothing/", PUBLIC, NOTHING),
    "account_change_password": page("/accounts/password/change/", OWN, FORM),
    "account_set_password": page("/accounts/password/set/", ON, ON),
    "account_reset_password": page("/accounts/password/reset/", PUBLIC, (422, 422, 422, 422)),
    "account_reset_password_done": page("/accounts/password/reset/done/", PUBLIC),
    "account_reset_password_from_key": page("/accounts/password/reset/key/1-no/", PUBLIC, PUBLIC),
    "account_reset_password_from_key_done": page("/accounts/password/reset/key/done/", PUBLIC),
    # Second steps: alice has a passkey and recovery codes, nobody has an app.
    "mfa_index": page("/accounts/2fa/", OWN),
    "mfa_authenticate": page("/accounts/2fa/authenticate/", ON, ON),
    "mfa_reauthenticate": page("/accounts/2fa/reauthenticate/", LATER, (302, 302, 302, 422)),
    "mfa_activate_totp": page("/accounts/2fa/totp/activate/", OWN, FORM),
    "mfa_deactivate_totp": page("/accounts/2fa/totp/deactivate/", UNKNOWN, UNKNOWN),
    "mfa_view_recovery_codes": page("/accounts/2fa/recovery-codes/", MINE, (SIGN_IN, 405, 405, 405)),
    "mfa_generate_recovery_codes": page(
        "/accounts/2fa/recovery-codes/generate/", OWN, (SIGN_IN, 422, 422, 302)
    ),
    "mfa_download_recovery_codes": page(
        "/accounts/2fa/recovery-codes/download/", MINE, (SIGN_IN, 404, 404, 405)
    ),
    "mfa_list_webauthn": page("/accounts/2fa/webauthn/", ON, ON),
    "mfa_add_webauthn": page("/accounts/2fa/webauthn/add/", OWN, FORM),
    "mfa_login_webauthn": page("/accounts/2fa/webauthn/login/", OUTSIDE, OUTSIDE_FORM),
    "mfa_reauthenticate_webauthn": page(
        "/accounts/2fa/webauthn/reauthenticate/", LATER, (302, 302, 302, 422)
    ),
    "mfa_edit_webauthn": lambda it: shared(f"{KEY}edit/", it.passkey, get=MINE, post=CHANGED, name="Key"),
    "mfa_remove_webauthn": lambda it: shared(f"{KEY}remove/", it.passkey, get=MINE, post=CHANGED),
    # Providers, of which there are none here.
    "socialaccount_connections": page("/accounts/3rdparty/", OWN, UNKNOWN),
    "socialaccount_login_cancelled": page("/accounts/3rdparty/login/cancelled/", PUBLIC),
    "socialaccount_login_error": page("/accounts/3rdparty/login/error/", (401, 401, 401, 401)),
    "socialaccount_signup": page("/accounts/3rdparty/signup/", ON, ON),
    "accounts/social/login/cancelled/": page("/accounts/social/login/cancelled/", MOVED, MOVED),
    "accounts/social/login/error/": page("/accounts/social/login/error/", MOVED, MOVED),
    "accounts/social/signup/": page("/accounts/social/signup/", MOVED, MOVED),
    "accounts/social/connections/": page("/accounts/social/connections/", MOVED, MOVED),
    "oidc_leave": page("/accounts/oidc/leave/", ON),
    "openid_connect_login": page("/accounts/oidc/nothing/login/", NOTHING, NOTHING),
    "openid_connect_callback": page("/accounts/oidc/nothing/login/callback/", NOTHING),
    "oidc_again": page("/accounts/oidc/nothing/again/", NOTHING, NOTHING),
    "oidc_failed": page("/accounts/oidc/nothing/failed/denied/", NOTHING),
}
